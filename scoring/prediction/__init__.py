"""The predictive score's mathematics: no database, no clock. Advice beside the rules, never instead of them.

columns   what is known of each lead, and which columns can be used at all
binning   a column as a handful of groups, with one of its own for "not known"
fitting   regularised logistic regression over the groups
calibration  log-odds made honest
scorecard what was learnt, as plain numbers: probabilities and reasons
metrics   how good it is
leakage   columns that know the outcome rather than predict it
card      all of that about one training, for the model card
"""
