"""Reads files of leads: what kind of file, which column means what, what each row says. No database."""
