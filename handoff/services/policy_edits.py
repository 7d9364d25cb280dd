"""What an edit of a policy or a calendar would do, before it is saved; and doing it to running clocks on request.

A started clock keeps what it started with, so an edit alone changes none. Applying it to those that run is a wish of
its own, and never reaches a clock that is kept, broken or called off.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from handoff.calendars import Calendar, due
from handoff.clock import database_now
from handoff.models import BusinessCalendar, SlaClock, SlaPolicy
from handoff.services import clocks
from handoff.services.promises import Book, Terms
from scoring.models import QualificationCycle

LOOKED_AT = 2_000  # the most urgent ones; reckoning more would keep an admin waiting
SHOWN = 20
NEWEST = 200  # MQLs asked whom they would belong to
BATCH = 500
EXAMPLES = {"One hour": 60, "One day of 8 hours": 480, "A week of 40 hours": 2400}


@dataclass(frozen=True)
class Moved:
    """A running clock and when it would be due if the edit applied to it."""

    clock: SlaClock
    due_at: datetime | None


@dataclass(frozen=True)
class Example:
    """A promise that starts now."""

    label: str
    before: datetime | None
    after: datetime | None


@dataclass(frozen=True)
class Effect:
    looked_at: int
    more: bool  # clocks run that were not looked at
    differing: int
    moved: list[Moved]
    late: int  # of the differing ones, those that would be overdue at once
    examples: list[Example]
    zone: str  # of the calendar; its hours are what an example shows
    leads: tuple[int, int, int] | None = None  # of the newest MQLs: how many, its own before, its own after


def of_policy(before: SlaPolicy, after: SlaPolicy) -> Effect:
    now = database_now()
    examples = [
        _example(str(kind.label), now, _hours(before, kind), _hours(after, kind)) for kind in SlaClock.Kind
    ]
    renewed = _under_policy(after, of_policy_running(after))
    return _effect(now, renewed, examples, after.calendar, _leads(before, after))


def of_calendar(before: BusinessCalendar, after: BusinessCalendar) -> Effect:
    now = database_now()
    old, new = (Calendar.from_data(row.as_data()) for row in (before, after))
    examples = [_example(label, now, (old, some), (new, some)) for label, some in EXAMPLES.items()]
    return _effect(now, _under_calendar(after, of_calendar_running(after)), examples, after)


@transaction.atomic
def apply_policy(policy: SlaPolicy) -> int:
    """To every clock that runs under it; how many are due at another time now."""
    return _save(_under_policy(policy, _locked(of_policy_running(policy))))


@transaction.atomic
def apply_calendar(calendar: BusinessCalendar) -> int:
    return _save(_under_calendar(calendar, _locked(of_calendar_running(calendar))))


def of_policy_running(policy: SlaPolicy) -> QuerySet[SlaClock]:
    return _running().filter(policy__id=policy.pk)


def of_calendar_running(calendar: BusinessCalendar) -> QuerySet[SlaClock]:
    return _running().filter(policy__calendar_id=calendar.pk)


def _running() -> QuerySet[SlaClock]:
    running = SlaClock.objects.running().filter(breached_at=None, cycle__closed_at=None)
    return running.prefetch_related("pauses", "moves").due_first()


def _locked(running: QuerySet[SlaClock]) -> Iterable[SlaClock]:
    return list(running.select_related("handoff__rep", "cycle__lead").select_for_update(of=("self",)))


Renewed = Iterable[tuple[SlaClock, SlaClock]]  # as it is, as it would be


def _under_policy(policy: SlaPolicy, running: Iterable[SlaClock]) -> Renewed:
    book = Book([])
    for clock in _looked_at(running):
        handoff = None if clock.kind == SlaClock.Kind.HAND_OFF else clock.handoff
        terms = Terms(policy, book.calendar_of(handoff, policy))
        yield clock, _renewed(clock, clocks.snapshot(clock.kind, terms))


def _under_calendar(calendar: BusinessCalendar, running: Iterable[SlaClock]) -> Renewed:
    kept = {"calendar": calendar.as_data()}
    for clock in _looked_at(running):
        yield clock, _renewed(clock, kept | {"policy": clock.policy | clocks.calendar_name(calendar)})


def _looked_at(running: Iterable[SlaClock]) -> Iterable[SlaClock]:
    if isinstance(running, QuerySet):
        return running.select_related("handoff__rep", "cycle__lead")[:LOOKED_AT]
    return running


def _renewed(clock: SlaClock, kept: dict[str, object]) -> SlaClock:
    again = copy(clock)
    for name, value in kept.items():
        setattr(again, name, value)
    clocks.reckon_again(again)
    return again


def _effect(
    now: datetime,
    renewed: Renewed,
    examples: list[Example],
    calendar: BusinessCalendar,
    leads: tuple[int, int, int] | None = None,
) -> Effect:
    pairs = list(renewed)
    moved = [Moved(old, new.due_at) for old, new in pairs if old.due_at != new.due_at]
    late = sum(1 for each in moved if each.due_at is not None and each.due_at <= now)
    more = len(pairs) == LOOKED_AT
    return Effect(len(pairs), more, len(moved), moved[:SHOWN], late, examples, calendar.tz, leads)


def _save(renewed: Renewed) -> int:
    changed = [(old, new) for old, new in renewed]
    names = ["minutes", "policy", "calendar", *clocks.RECKONED]
    SlaClock.objects.bulk_update([new for _, new in changed], names, batch_size=BATCH)
    return sum(1 for old, new in changed if old.due_at != new.due_at)


def _hours(policy: SlaPolicy, kind: str) -> tuple[Calendar, int]:
    return Calendar.from_data(policy.calendar.as_data()), getattr(policy, f"{kind}_minutes")


def _example(label: str, now: datetime, before: tuple[Calendar, int], after: tuple[Calendar, int]) -> Example:
    return Example(label, due(before[0], now, before[1]), due(after[0], now, after[1]))


def _leads(before: SlaPolicy, after: SlaPolicy) -> tuple[int, int, int]:
    """How many of the newest MQLs would fall under it, were they to qualify again."""
    cycles = list(QualificationCycle.objects.order_by("-opened_at")[:NEWEST])
    mine = [
        sum(1 for cycle in cycles if book.policy_of(cycle).pk == after.pk)
        for book in (Book(cycles, instead=before), Book(cycles, instead=after))
    ]
    return len(cycles), mine[0], mine[1]
