"""What we say next: segments, campaigns, enrolments, the ledger of messages and their delivery.

Never sends twice: a message is a row first, fenced before the final dot, and doubt is shown to a person.
"""
