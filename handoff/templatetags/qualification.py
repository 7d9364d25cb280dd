"""`{% load qualification %}{% bant_card lead %}`: what is known of budget, authority, need and timing."""

from __future__ import annotations

from typing import Any

from django import template

from handoff.changes import been_here
from handoff.evidence import card
from leads.models import Lead

register = template.Library()


@register.inclusion_tag("handoff/_bant.html")
def bant_card(lead: Lead, key: str = "q") -> dict[str, Any]:
    """Two queries. `key` opens the form; blank where the letter is taken."""
    return {"lead": lead, "card": card(lead), "key": key}


@register.inclusion_tag("handoff/_changes_link.html")
def changes_link(lead: Lead) -> dict[str, Any]:
    """What is new since sales last said no, fetched by the page; nothing for a lead that was never here before."""
    return {"lead": lead, "before": been_here(lead)}
