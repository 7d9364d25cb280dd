"""What makes handoffs certain when a bell was lost: each verb may run twice, at once, or late.

Every change is one conditional update, so two sweeps at the same moment record one breach, one warning.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now

from handoff.models import Handoff, SlaClock
from handoff.services import clocks, telling
from handoff.services.answers import settle
from handoff.services.merges import follow_merges
from handoff.services.news import tell_all, tell_by_id, tell_queue
from handoff.services.promises import Book
from leads.models import Lead
from scoring.models import QualificationCycle

BATCH = 500
Kind = SlaClock.Kind


def sweep(*, limit: int = BATCH) -> dict[str, int]:
    """All of it, in the order in which one step feeds the next; what was done, by name."""
    return {
        "merged": follow_merges(limit=limit),
        "settled": settle_answers(limit=limit),
        "withdrawn": withdraw_from_closed_cycles(),
        "cancelled": cancel_of_closed_cycles(),
        "started": start_missing(limit=limit),
        "decided": clocks.meet(clocks.decided_elsewhere()),
        "breached": telling.record_breaches(),
        "warned": telling.record_warnings(),
        "told": telling.tell_breaches(),
        "escalated": telling.escalate(),
        "back": tell_of_snoozed(limit=limit),
    }


def settle_answers(*, limit: int = BATCH) -> int:
    ids = Handoff.objects.due_to_settle().order_by("settles_at").values_list("pk", flat=True)[:limit]
    return sum(settle(pk) for pk in list(ids))


@transaction.atomic
def withdraw_from_closed_cycles() -> int:
    """A lead that was disqualified or merged away is no longer on offer."""
    over = Handoff.objects.open().filter(cycle__closed_at__isnull=False)
    locked = list(over.select_for_update(of=("self",), skip_locked=True).values_list("pk", flat=True))
    tell_by_id(locked, "closed")
    return Handoff.objects.open().filter(pk__in=locked).update(withdrawn_at=Now())


def cancel_of_closed_cycles() -> int:
    running = SlaClock.objects.running().filter(cycle__closed_at__isnull=False)
    over = dict(running.values_list("pk", "handoff")[:BATCH])
    tell_by_id((handoff for handoff in over.values() if handoff), "closed")
    return clocks.end(SlaClock.objects.filter(pk__in=list(over)))


def tell_of_snoozed(*, limit: int = BATCH) -> int:
    """Leads whose time came since the last look; the list shows them by their time alone, this tells open pages."""
    back = list(Handoff.objects.live().just_back().order_by("snoozed_until")[:limit])
    tell_all(back, "back")
    return len(back)


def start_missing(*, limit: int = BATCH) -> int:
    """Clocks that a lost bell or a row written past the services left out."""
    missing = _missing_hand_off(limit)
    missing += _missing_of_handoffs(Kind.ACCEPT, "offered_at", Handoff.objects.open(), limit)
    missing += _missing_of_handoffs(Kind.FIRST_TOUCH, "accepted_at", _untouched(), limit)
    missing += _missing_of_handoffs(Kind.DISPOSITION, "accepted_at", _just_accepted(), limit)
    clocks.start_clocks(missing)
    if missing:
        tell_queue("look")
    return len(missing)


def _missing_hand_off(limit: int) -> list[SlaClock]:
    clock = SlaClock.objects.filter(cycle=OuterRef("pk"), kind=Kind.HAND_OFF)
    handoff = Handoff.objects.filter(cycle=OuterRef("pk"))
    cycles = list(QualificationCycle.objects.open().filter(~Exists(clock), ~Exists(handoff))[:limit])
    book = Book(cycles) if cycles else None
    return [
        clocks.new_clock(kind=Kind.HAND_OFF, cycle=cycle, started_at=cycle.opened_at, book=book)
        for cycle in cycles
    ]


def _missing_of_handoffs(kind: str, since: str, handoffs: QuerySet[Handoff], limit: int) -> list[SlaClock]:
    clock = SlaClock.objects.filter(handoff=OuterRef("pk"), kind=kind)
    missing = handoffs.filter(~Exists(clock), cycle__closed_at=None).select_related("cycle", "rep")
    found = list(missing[:limit])
    book = Book([row.cycle for row in found]) if found else None
    return [
        clocks.new_clock(kind=kind, cycle=row.cycle, handoff=row, started_at=getattr(row, since), book=book)
        for row in found
    ]


def _untouched() -> QuerySet[Handoff]:
    return Handoff.objects.being_worked().filter(first_touch_at=None)


def _just_accepted() -> QuerySet[Handoff]:
    """A lost bell is found within a day. Older leads were accepted before anybody promised a decision."""
    undecided = Handoff.objects.being_worked().filter(accepted_at__gt=Now() - timedelta(days=1))
    return undecided.filter(lead__stage=Lead.Stage.SQL)
