"""The demo company's prospects: invented people and a year of what they did, the same on every machine."""
