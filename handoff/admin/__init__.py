"""Admins set hours, promises, reasons and the rotation here."""

from handoff.admin import calendars, notifications, pipeline, policies, reasons, routing, routing_rules

__all__ = ["calendars", "notifications", "pipeline", "policies", "reasons", "routing", "routing_rules"]
