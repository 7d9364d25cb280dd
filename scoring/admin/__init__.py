"""Where admins edit the definition: drafts, their groups and rules, publishing."""

from scoring.admin import checks, cycles, publications, reviews, rules, versions, watches

__all__ = ["checks", "cycles", "publications", "reviews", "rules", "versions", "watches"]
