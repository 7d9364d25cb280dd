"""People and what they did: leads, companies, activities, identities, consent, capture and import.

Knows nothing of scores, campaigns or handoffs; those floors read this one and are told by events.
"""
