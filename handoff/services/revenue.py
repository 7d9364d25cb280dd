"""Where won money came from: the first and the last touch that named a source or a campaign.

Touches count until the deal was opened, never after: what happens later cannot have caused it. Mails we sent
and calls we made are no touches; a click in a mail is one. A lead without any is credited to the source and
campaign on its record. The whole amount goes to one touch in either model, so credits of a deal sum to 1.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, Sum

from handoff.models import Opportunity
from leads.models import Activity

MODELS = {"first": "First touch", "last": "Last touch"}
SUBJECTS = {"source": ("utm_source", "source"), "campaign": ("utm_campaign", "campaign")}
OURS = (
    *("email_sent", "email_delivered", "email_open", "email_bounce", "email_complaint", "email_unsubscribe"),
    *("call", "meeting", "note"),
)
NOBODY = {f"{model}_{subject}": "" for model in MODELS for subject in SUBJECTS}
LENGTH = 150  # characters of a source or campaign that are kept


@dataclass
class Credit:
    """What one source or campaign brought; a sum for each currency."""

    name: str
    deals: int = 0
    without_amount: int = 0
    sums: dict[str, Decimal] = field(default_factory=dict)


def credit(opportunity: Opportunity) -> dict[str, str]:
    """The values of the four fields, as the touches are known now."""
    found: dict[str, str] = {}
    for subject, keys in SUBJECTS.items():
        touches = _touches(opportunity, keys)
        known = getattr(opportunity.lead, subject)
        for model, order in (("first", "occurred_at"), ("last", "-occurred_at")):
            touch = touches.order_by(order).first()
            named = _named(touch, keys) if touch else known
            found[f"{model}_{subject}"] = named[:LENGTH]
    return found


def won_by(rows: Any, *, model: str, subject: str) -> list[Credit]:
    """Won deals by what they are credited to, most deals first; sums of one currency each."""
    name = f"{model}_{subject}"
    groups = (
        rows.won()
        .values(name, "currency")
        .annotate(n=Count("pk"), known=Count("amount"), total=Sum("amount"))
    )
    credits: dict[str, Credit] = {}
    for group in groups.order_by(name, "currency"):
        each = credits.setdefault(group[name], Credit(group[name]))
        each.deals += group["n"]
        each.without_amount += group["n"] - group["known"]
        if group["total"]:
            each.sums[group["currency"]] = group["total"]
    return sorted(credits.values(), key=lambda each: (-each.deals, each.name))


def _touches(opportunity: Opportunity, keys: Iterable[str]) -> Any:
    named = Q()
    for key in keys:
        named |= Q(**{f"shape__props__{key}__gt": ""})
    acts = Activity.objects.filter(lead_id=opportunity.lead_id, occurred_at__lte=opportunity.opened_at)
    return acts.filter(named, shape__machine=False).exclude(shape__kind__in=OURS).select_related("shape")


def _named(touch: Activity, keys: Iterable[str]) -> str:
    values = (touch.shape.props.get(key) for key in keys)
    return next((str(value) for value in values if value), "")
