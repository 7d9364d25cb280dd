"""Starting, meeting and stopping the promises we make each other.

A clock keeps the policy and the calendar it started with. Starting one twice changes nothing: the unique
keys decide, so a bell and a sweep may both ring.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Now

from handoff.calendars import Calendar, due_after, promise
from handoff.models import Handoff, SlaClock, SlaPolicy
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
    policy: SlaPolicy | None = None,
) -> SlaClock:
    """A clock under `policy` (the one in force), not saved yet."""
    policy = policy or SlaPolicy.in_force()
    minutes = getattr(policy, f"{kind}_minutes")
    return SlaClock(
        kind=kind,
        cycle=cycle,
        handoff=handoff,
        started_at=started_at,
        minutes=minutes,
        policy={"name": policy.name, "version": policy.version},
        calendar=policy.calendar.as_data(),
        **_instants(policy, started_at, minutes),
    )


def _instants(policy: SlaPolicy, started_at: datetime, minutes: int) -> dict[str, Any]:
    """Due and both warnings in working time; None where the calendar never opens again."""
    calendar, whole = Calendar.from_data(policy.calendar.as_data()), promise(minutes)
    return {name: due_after(calendar, started_at, share * whole) for name, share in SHARES.items()}


def meet(clocks: QuerySet[SlaClock]) -> int:
    """Marks running clocks as kept now; a breach recorded before stays recorded."""
    return clocks.filter(met_at=None, cancelled_at=None).update(met_at=Now())


def cancel(clocks: QuerySet[SlaClock]) -> int:
    return clocks.filter(met_at=None, cancelled_at=None).update(cancelled_at=Now())


def resume(clocks: QuerySet[SlaClock]) -> int:
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
    start_clock(kind=Kind.HAND_OFF, cycle=handoff.cycle, handoff=handoff, started_at=at)
