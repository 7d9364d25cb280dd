"""What a lead is worth: the rule language, the one oracle that defines it, and the kernel that repeats it fast.

Owns scoring models and their rules, scores and qualification. It never sends mail, never chooses a rep, and its
pure half (language, conditions, decay, rules, explanation, horizon, sentences, validation) reads neither
database nor clock nor settings: the same inputs give the same score for ever.
"""
