"""Admins set hours, promises, reasons and the rotation here."""

from handoff.admin import (
    agreement,
    calendars,
    feedback,
    notifications,
    pipeline,
    policies,
    reasons,
    routing,
    routing_rules,
)

__all__ = [
    "agreement",
    "calendars",
    "feedback",
    "notifications",
    "pipeline",
    "policies",
    "reasons",
    "routing",
    "routing_rules",
]
