"""Starting, meeting and stopping the promises we make each other.

A clock keeps the policy and the calendar it started with. Starting one twice changes nothing: the unique
keys decide, so a bell and a sweep may both ring.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Case, F, Q, QuerySet, When
from django.db.models.functions import Coalesce, Now

from handoff.calendars import Calendar, promise
from handoff.clockwork import ClockEvent, Pause, Reassign, Resume, due_after_events
from handoff.models import BusinessCalendar, Handoff, SlaClock, SlaPolicy
from handoff.services.promises import Book, Terms
from scoring.models import QualificationCycle

Kind = SlaClock.Kind
SHARES = {"half_at": 0.5, "nearly_at": 0.8, "due_at": 1.0}


def start_clock(
    *, kind: str, cycle: QualificationCycle, started_at: datetime, handoff: Handoff | None = None
) -> None:
    start_clocks([new_clock(kind=kind, cycle=cycle, started_at=started_at, handoff=handoff)])


def start_clocks(clocks: list[SlaClock]) -> None:
    SlaClock.objects.bulk_create(clocks, ignore_conflicts=True)


def new_clock(
    *,
    kind: str,
    cycle: QualificationCycle,
    started_at: datetime,
    handoff: Handoff | None = None,
    book: Book | None = None,
) -> SlaClock:
    """Not saved yet. The calendar of a hand-off is marketing's, that of everything after it the rep's."""
    book = book or Book([cycle])
    terms = book.terms(cycle, None if kind == Kind.HAND_OFF else handoff)
    clock = SlaClock(kind=kind, cycle=cycle, handoff=handoff, started_at=started_at, **snapshot(kind, terms))
    reckon(clock, [])
    return clock


def snapshot(kind: str, terms: Terms) -> dict[str, Any]:
    """What a clock keeps of its policy and calendar, whatever becomes of them."""
    policy, calendar = terms
    return {
        "minutes": getattr(policy, f"{kind}_minutes"),
        "policy": _named(policy) | {"escalate_after": policy.escalate_after} | calendar_name(calendar),
        "calendar": calendar.as_data(),
    }


def _named(policy: SlaPolicy) -> dict[str, Any]:
    return {"id": policy.pk, "name": policy.name, "version": policy.version}


def calendar_name(calendar: BusinessCalendar) -> dict[str, Any]:
    return {
        "calendar_id": calendar.pk,
        "calendar": calendar.name,
        "calendar_version": calendar.version,
    }


def reckon(clock: SlaClock, events: list[ClockEvent], calendar: Calendar | None = None) -> None:
    """Sets due time, both warnings and the escalation, in working time. None: paused without end, or never."""
    hours, whole = calendar or Calendar.from_data(clock.calendar), promise(clock.minutes)
    for name, share in SHARES.items():
        setattr(clock, name, due_after_events(hours, clock.started_at, share * whole, events))
    later = clock.policy.get("escalate_after")
    clock.escalate_at = (
        None if later is None else due_after_events(hours, clock.started_at, whole + promise(later), events)
    )


RECKONED = (*SHARES, "escalate_at")


def reckon_again(clock: SlaClock) -> None:
    """From its rows of pauses and moves; not saved. Instants that have passed stay passed."""
    moves = list(clock.moves.all())
    calendars = [Calendar.from_data(move.calendar_before) for move in moves]
    calendars.append(Calendar.from_data(clock.calendar))
    events: list[ClockEvent] = [
        Reassign(move.at, after) for move, after in zip(moves, calendars[1:], strict=True)
    ]
    for pause in clock.pauses.all():
        events += [Pause(pause.started_at)] + ([Resume(pause.ended_at)] if pause.ended_at else [])
    reckon(clock, events, calendars[0])


def meet(clocks: QuerySet[SlaClock]) -> int:
    """Marks running clocks as kept now. A late answer is a breach as well, though no sweep had seen it yet."""
    late = Case(When(due_at__lt=Now(), then=F("due_at")))
    running = clocks.filter(met_at=None, cancelled_at=None)
    return running.update(met_at=Now(), breached_at=Coalesce("breached_at", late))


def cancel(clocks: QuerySet[SlaClock]) -> int:
    return clocks.filter(met_at=None, cancelled_at=None).update(cancelled_at=Now())


def end(clocks: QuerySet[SlaClock]) -> int:
    """Of cycles that are over: a decision has been made, everything else is called off."""
    decided = Q(kind=Kind.DISPOSITION)
    return meet(clocks.filter(decided)) + cancel(clocks.exclude(decided))


def meet_disposition(cycle: QualificationCycle) -> int:
    """Sales has decided: whoever opens an opportunity, or settles what an SQL is, says so here."""
    return meet(of_cycle(cycle, Kind.DISPOSITION))


def reopen(clocks: QuerySet[SlaClock]) -> int:
    """Takes `meet` back after an undo; the clock runs on as if nothing had been said."""
    return clocks.filter(met_at__isnull=False).update(met_at=None)


def of_cycle(cycle: QualificationCycle, kind: str) -> QuerySet[SlaClock]:
    return SlaClock.objects.filter(cycle=cycle, kind=kind)


def of_handoff(handoff: Handoff, kind: str) -> QuerySet[SlaClock]:
    return SlaClock.objects.filter(handoff=handoff, kind=kind)


def start_hand_off_clock(cycle: QualificationCycle) -> None:
    """Marketing's own promise, from the moment the lead qualified."""
    start_clock(kind=Kind.HAND_OFF, cycle=cycle, started_at=cycle.opened_at)


def restart_hand_off_clock(handoff: Handoff, at: datetime) -> None:
    """The lead came back to marketing: a new promise, tied to the handoff that returned it."""
    cancel(SlaClock.objects.filter(handoff=handoff, kind__in=SlaClock.OF_THE_LEAD))
    start_clock(kind=Kind.HAND_OFF, cycle=handoff.cycle, handoff=handoff, started_at=at)


def start_on_acceptance(handoff: Handoff, at: datetime) -> None:
    """First touch and decision, unless they came along with the lead from another rep."""
    book = Book([handoff.cycle])
    kinds = [Kind.DISPOSITION] if handoff.first_touch_at else [Kind.FIRST_TOUCH, Kind.DISPOSITION]
    start_clocks(
        [new_clock(kind=k, cycle=handoff.cycle, handoff=handoff, started_at=at, book=book) for k in kinds]
    )


def forget_acceptance(handoff: Handoff, at: datetime | None) -> None:
    """After an undo; what the lead brought along began earlier and runs on."""
    begun = SlaClock.objects.filter(handoff=handoff, kind__in=SlaClock.OF_THE_LEAD)
    if at is not None:
        begun.filter(started_at=at).delete()


def decided_elsewhere() -> QuerySet[SlaClock]:
    """Decisions still running though the lead has become an opportunity or a customer."""
    running = SlaClock.objects.running().filter(kind=Kind.DISPOSITION)
    return running.filter(cycle__lead__stage__in=["opportunity", "customer"])
