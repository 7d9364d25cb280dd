"""Admins set hours, promises, reasons and the rotation here."""

from handoff.admin import calendars, pipeline, policies, reasons, routing, routing_rules

__all__ = ["calendars", "pipeline", "policies", "reasons", "routing", "routing_rules"]
