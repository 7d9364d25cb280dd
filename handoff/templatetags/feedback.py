"""`{% load feedback %}{% feedback_cards handoff %}`: what is asked about a lead, and what was said."""

from __future__ import annotations

from typing import Any

from django import template

from handoff.feedback_cards import cards
from handoff.models import Handoff
from leads.models import Lead

register = template.Library()


@register.inclusion_tag("handoff/_feedback_cards.html", takes_context=True)
def feedback_cards(context: Any, subject: Handoff | Lead) -> dict[str, Any]:
    """The request goes along for the token of the form."""
    request = context["request"]
    return {"cards": cards(subject, request.user), "request": request}
