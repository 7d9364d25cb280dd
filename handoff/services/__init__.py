"""Verbs about handoffs; the only code that writes them. One module a subject, no re-exports."""
