"""What we learned: the cohort funnel, what came in and went out, and how promises were kept.

Reads every floor and writes nothing; nobody imports it. Each number comes with its definition (words.py) and with the
list of leads behind it, which asks the same question of the same rows.
"""
