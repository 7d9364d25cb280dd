"""What the demo company's people have been told lately; mails of the past are not sent again."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce

from handoff.models import Delivery, Handoff, Notification, Opportunity
from handoff.services import facts, notifications

LATELY = 80  # handoffs
READ_AFTER = timedelta(days=2)


def load(*, now: datetime) -> int:
    """Told at the time of the fact, and read unless it is recent."""
    happened = Coalesce("withdrawn_at", "rejected_at", "accepted_at", "offered_at")
    handoffs = Handoff.objects.annotate(happened=happened).order_by(F("happened").desc())
    told = sum(_tell_handoff(row) for row in _with_people(handoffs)[:LATELY])
    won = Opportunity.objects.won().select_related("owner", "changed_by", "handoff").order_by("-closed_at")
    told += sum(_tell_deal(deal) for deal in won[:8])
    Notification.objects.filter(created_at__lt=now - READ_AFTER).update(read_at=F("created_at"))
    Delivery.objects.filter(state="due").update(state="sent", settled_at=now)
    return told


def _tell_handoff(row: Handoff) -> int:
    told = notifications.tell(facts.of_handoff(row))
    Notification.objects.filter(key__in=_keys(row)).update(created_at=row.happened)  # type: ignore[attr-defined]
    return told


def _tell_deal(deal: Opportunity) -> int:
    told = notifications.tell(facts.of_deal(deal))
    Notification.objects.filter(key=f"won:deal:{deal.pk}:{deal.reopened}").update(created_at=deal.closed_at)
    return told


def _keys(row: Handoff) -> list[str]:
    return [f"{kind}:{row.pk}" for kind in ("offered", "answered", "taken", "undone")]


def _with_people(handoffs: QuerySet[Handoff]) -> QuerySet[Handoff]:
    return handoffs.select_related("lead__company", "rep", "answered_by", "reject_reason")
