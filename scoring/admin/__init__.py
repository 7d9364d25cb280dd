"""Where admins edit the definition: drafts, their groups and rules, publishing."""

from scoring.admin import cycles, rules, versions

__all__ = ["cycles", "rules", "versions"]
