"""Admins set hours, promises, reasons and the rotation here."""

from handoff.admin import calendars, policies, reasons, routing

__all__ = ["calendars", "policies", "reasons", "routing"]
