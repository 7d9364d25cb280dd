"""Verbs of nurturing; the only code that writes its rows."""
