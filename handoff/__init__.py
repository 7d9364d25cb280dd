"""Who takes a lead over, by when, and what they answer.

This app owns the offer of a qualified lead to a rep, its acceptance, rejection or return, the clocks that run
meanwhile, and the working time they are counted in. It never decides what a lead is worth (scoring does),
never writes to a lead by mail (nurturing does), and never derives a breach from "still open": a breach is a
recorded fact.
"""
