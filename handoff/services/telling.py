"""Warnings at half and at four fifths, the breach, the escalation: each told once, in the receiver's hours.

A breach is a fact and recorded at any hour. Telling it waits until the calendar of the clock is open again: nobody
is woken, and nothing is told twice, because the row that says so is claimed together with the event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from handoff.calendars import is_open
from handoff.clock import database_now
from handoff.events import ClockBreached, ClockEscalated, ClockWarned
from handoff.faces import read_calendar
from handoff.models import SlaClock
from handoff.services.news import tell_all
from leads.events import publish

LIMIT = 5_000  # a sweep; the rest follows with the next


@transaction.atomic
def record_breaches() -> int:
    """As of the instant the promise fell due, however late it is noticed. Open pages hear of it at any hour."""
    overdue = SlaClock.objects.overdue(Now()).select_for_update(of=("self",), skip_locked=True)
    late = list(overdue.select_related("handoff")[:LIMIT])
    tell_all([clock.handoff for clock in late if clock.handoff], "breached")
    return SlaClock.objects.filter(pk__in=[clock.pk for clock in late]).update(breached_at=F("due_at"))


def record_warnings() -> int:
    """Never for a clock past its due time. Whoever missed the first warning gets only the second."""
    soon = SlaClock.objects.running().filter(breached_at=None)
    nearly = soon.filter(warned_at=None, nearly_at__lte=Now())
    half = soon.filter(half_warned_at=None, half_at__lte=Now())
    told = _tell(nearly, "nearly_at", "warned_at", partial(ClockWarned, percent=80))
    silent = half.filter(nearly_at__lte=Now(), warned_at__isnull=False).update(half_warned_at=Now())
    return told + silent + _tell(half.filter(nearly_at__gt=Now()), "half_at", "half_warned_at", _half)


_half = partial(ClockWarned, percent=50)


def tell_breaches() -> int:
    untold = SlaClock.objects.running().filter(breached_at__isnull=False, breach_told_at=None)
    return _tell(untold, "breached_at", "breach_told_at", ClockBreached)


def escalate() -> int:
    untold = SlaClock.objects.running().filter(breached_at__isnull=False, escalated_at=None)
    return _tell(untold.filter(escalate_at__lte=Now()), "escalate_at", "escalated_at", ClockEscalated)


@transaction.atomic
def _tell(due: QuerySet[SlaClock], since: str, told: str, event: Callable[..., Any]) -> int:
    """Locks, marks and publishes in one transaction; another sweep skips what this one holds."""
    rows = due.order_by(since).select_for_update(of=("self",), skip_locked=True).only("calendar", "cycle")
    awake = list(_at_work(rows.select_related("cycle")[:LIMIT], database_now()))
    SlaClock.objects.filter(pk__in=[clock.pk for clock in awake]).update(**{told: Now()})
    for clock in awake:
        publish(event(lead_id=clock.cycle.lead_id, clock_id=clock.pk))
    return len(awake)


def _at_work(clocks: Iterable[SlaClock], now: datetime) -> Iterable[SlaClock]:
    return (clock for clock in clocks if is_open(read_calendar(clock.calendar), now))
