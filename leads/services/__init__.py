"""Verbs of this floor; the only code that writes its rows."""
