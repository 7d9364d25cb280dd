"""What makes handoffs certain when a bell was lost: each verb may run twice, at once, or late.

Every change is one conditional update, so two sweeps at the same moment record one breach, one warning.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now

from handoff.models import Handoff, SlaClock, SlaPolicy
from handoff.services import clocks
from handoff.services.answers import settle
from handoff.services.news import tell_all
from scoring.models import QualificationCycle

BATCH = 500
Kind = SlaClock.Kind


def sweep(*, limit: int = BATCH) -> dict[str, int]:
    """All of it, in the order in which one step feeds the next; what was done, by name."""
    return {
        "settled": settle_answers(limit=limit),
        "withdrawn": withdraw_from_closed_cycles(),
        "cancelled": cancel_of_closed_cycles(),
        "started": start_missing(limit=limit),
        "breached": record_breaches(),
        "warned": record_warnings(),
    }


def settle_answers(*, limit: int = BATCH) -> int:
    ids = Handoff.objects.due_to_settle().order_by("settles_at").values_list("pk", flat=True)[:limit]
    return sum(settle(pk) for pk in list(ids))


@transaction.atomic
def withdraw_from_closed_cycles() -> int:
    """A lead that was disqualified or merged away is no longer on offer."""
    over = Handoff.objects.open().filter(cycle__closed_at__isnull=False)
    locked = list(over.select_for_update(of=("self",), skip_locked=True).values_list("pk", flat=True))
    return Handoff.objects.open().filter(pk__in=locked).update(withdrawn_at=Now())


def cancel_of_closed_cycles() -> int:
    return clocks.cancel(SlaClock.objects.filter(cycle__closed_at__isnull=False))


@transaction.atomic
def record_breaches() -> int:
    overdue = SlaClock.objects.overdue(Now()).select_for_update(of=("self",), skip_locked=True)
    late = list(overdue.select_related("handoff"))
    tell_all([clock.handoff for clock in late if clock.handoff], "breached")
    return SlaClock.objects.filter(pk__in=[clock.pk for clock in late]).update(breached_at=Now())


def record_warnings() -> int:
    """At half and at four fifths of the promised time; once each, and never for a clock past its due time."""
    running = SlaClock.objects.running().filter(breached_at=None)
    half = running.filter(half_warned_at=None, half_at__lte=Now()).update(half_warned_at=Now())
    return half + running.filter(warned_at=None, nearly_at__lte=Now()).update(warned_at=Now())


def start_missing(*, limit: int = BATCH) -> int:
    """Clocks that a lost bell or a row written past the services left out."""
    policy = SlaPolicy.in_force()
    missing = [
        *_missing_hand_off(policy, limit),
        *_missing_of_handoffs(policy, Kind.ACCEPT, "offered_at", Handoff.objects.open(), limit),
        *_missing_of_handoffs(policy, Kind.FIRST_TOUCH, "accepted_at", _untouched(), limit),
    ]
    clocks.start_clocks(missing)
    return len(missing)


def _missing_hand_off(policy: SlaPolicy, limit: int) -> list[SlaClock]:
    clock = SlaClock.objects.filter(cycle=OuterRef("pk"), kind=Kind.HAND_OFF)
    handoff = Handoff.objects.filter(cycle=OuterRef("pk"))
    cycles = QualificationCycle.objects.open().filter(~Exists(clock), ~Exists(handoff))
    return [
        clocks.new_clock(kind=Kind.HAND_OFF, cycle=cycle, started_at=cycle.opened_at, policy=policy)
        for cycle in cycles[:limit]
    ]


def _missing_of_handoffs(
    policy: SlaPolicy, kind: str, since: str, handoffs: QuerySet[Handoff], limit: int
) -> list[SlaClock]:
    clock = SlaClock.objects.filter(handoff=OuterRef("pk"), kind=kind)
    found = handoffs.filter(~Exists(clock), cycle__closed_at=None).select_related("cycle")[:limit]
    return [
        clocks.new_clock(
            kind=kind, cycle=row.cycle, handoff=row, started_at=getattr(row, since), policy=policy
        )
        for row in found
    ]


def _untouched() -> QuerySet[Handoff]:
    return Handoff.objects.being_worked().filter(first_touch_at=None)
