"""What a manager sets for a rep: how much they can take, and when they are away."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models.functions import Now

from accounts.models import User
from handoff.events import CapacityChanged
from handoff.models import Absence, BusinessCalendar, RoundRobinSeat
from handoff.services.news import tell_team
from leads.events import publish


@transaction.atomic
def set_seat(
    *,
    rep: User,
    actor: Any,
    weight: int,
    active: bool,
    max_open: int | None,
    max_today: int | None,
    calendar: BusinessCalendar | None,
) -> RoundRobinSeat:
    _may_staff(actor)
    values = {"weight": weight, "active": active, "max_open": max_open, "max_today": max_today}
    seat, _ = RoundRobinSeat.objects.update_or_create(rep=rep, defaults=values | {"calendar": calendar})
    publish(CapacityChanged(rep_id=rep.pk))
    tell_team("capacity", rep.pk)
    return seat


@transaction.atomic
def add_absence(
    *,
    rep: User,
    actor: Any,
    starts_at: datetime,
    ends_at: datetime | None,
    cover: User | None,
    most_owed: int,
) -> Absence:
    """Raises ValidationError naming the field, also for one that overlaps another of this rep."""
    _may_staff(actor)
    absence = Absence(rep=rep, starts_at=starts_at, ends_at=ends_at, cover=cover, most_owed=most_owed)
    absence.full_clean()  # the second of two tabs waits here, and is refused
    absence.save()
    tell_team("absence", rep.pk)
    return absence


@transaction.atomic
def end_absence(*, absence: Absence, actor: Any) -> None:
    """Back now, or not going after all: one that has not begun is struck."""
    _may_staff(actor)
    begun = Absence.objects.filter(pk=absence.pk, starts_at__lt=Now())
    if not begun.update(ends_at=Now()):
        absence.delete()
    publish(CapacityChanged(rep_id=absence.rep_id))
    tell_team("absence", absence.rep_id)


def _may_staff(actor: Any) -> None:
    if not actor.leads_sales:
        raise PermissionDenied
