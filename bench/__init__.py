"""Measurements: each prints our figure, a reference of the same run, and the ratio. `python3 manage.py bench NAME`."""
