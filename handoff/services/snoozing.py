"""Setting a lead aside for a while. The promises run on, so a lead is back before one of them breaks."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models.functions import Now

from handoff.calendars import Calendar, next_open
from handoff.clock import database_now
from handoff.errors import CannotSnooze
from handoff.models import Handoff, SlaClock
from handoff.services.news import tell

LONGEST = timedelta(days=90)


@transaction.atomic
def snooze(*, handoff: Handoff, actor: Any, until: datetime) -> Handoff:
    """Out of sight until then, or until four fifths of its promise are gone. Raises CannotSnooze."""
    _may(handoff, actor)
    won = _still_here(handoff).update(snoozed_until=check(handoff, until))
    if not won:
        raise CannotSnooze("This lead is no longer in the inbox, so it cannot be snoozed.")
    handoff.refresh_from_db()
    tell(handoff, "snoozed")
    return handoff


@transaction.atomic
def wake(*, handoff: Handoff, actor: Any) -> Handoff:
    """Back into the list at once; harmless when it is there already."""
    _may(handoff, actor)
    Handoff.objects.filter(pk=handoff.pk, snoozed_until__gt=Now()).update(snoozed_until=Now())
    handoff.refresh_from_db()
    tell(handoff, "back")
    return handoff


def check(handoff: Handoff, until: datetime) -> datetime:
    """When it will be back. Raises CannotSnooze."""
    now = database_now()
    if until <= now or until > now + LONGEST:
        raise CannotSnooze("Choose a time between now and 90 days from now. Nothing was changed.")
    latest = latest_return(running_clock(handoff), now)
    return min(until, latest) if latest else until


def latest_return(clock: SlaClock | None, now: datetime) -> datetime | None:
    """When a snoozed lead must be back; None when no promise is running. Raises CannotSnooze."""
    if clock is None or clock.nearly_at is None:
        return None
    if too_late([clock], now):
        raise CannotSnooze("Its promise is nearly due, so it stays in sight. Nothing was changed.")
    return clock.nearly_at


def too_late(clocks: Iterable[SlaClock], now: datetime) -> bool:
    """Whether four fifths of any promise that still runs are gone."""
    running = [clock for clock in clocks if not (clock.met_at or clock.cancelled_at)]
    return any(clock.nearly_at is not None and clock.nearly_at <= now for clock in running)


def next_morning(handoff: Handoff, now: datetime, zone: str) -> datetime:
    """When the rep's hours begin on a later day; their calendar is that of the promise. Nine where it never closes."""
    where = zoneinfo.ZoneInfo(zone)
    midnight = datetime.combine(now.astimezone(where).date() + timedelta(days=1), time(), where)
    clock = SlaClock.objects.filter(handoff=handoff).order_by("-started_at").first()
    opens = next_open(Calendar.from_data(clock.calendar), midnight) if clock else None
    return opens if opens and opens != midnight else midnight + timedelta(hours=9)


def running_clock(handoff: Handoff) -> SlaClock | None:
    return SlaClock.objects.running().filter(handoff=handoff).order_by("due_at").first()


def _still_here(handoff: Handoff) -> Any:
    return Handoff.objects.live().filter(pk=handoff.pk, cycle__closed_at=None)


def _may(handoff: Handoff, actor: Any) -> None:
    if not handoff.answerable_by(actor):
        raise PermissionDenied
