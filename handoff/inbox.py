"""What the SQL inbox lists: offers by time left, then what is being worked. Each group is cut, never counted whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Prefetch, QuerySet

from accounts.models import User
from handoff import counting
from handoff.faces import Face, chips, face
from handoff.models import Handoff, SlaClock

SOON = timedelta(hours=1)
SHOWN = 50  # rows a group
Kind = SlaClock.Kind
Pair = tuple[Handoff, SlaClock | None]


@dataclass(frozen=True)
class Item:
    handoff: Handoff
    sla: Face | None

    @property
    def reasons(self) -> list[str]:
        return chips(self.handoff.cycle.reason)


@dataclass(frozen=True)
class Group:
    label: str
    items: list[Item]
    total: str


def groups(user: Any, now: datetime, rep: User | None = None) -> list[Group]:
    """Due now, Later, Working; 4 queries however many rows there are."""
    offers, due = _offers(user, rep), now + SOON
    touches, touched = _to_touch(user, rep), _touched(user, rep)
    total = counting.counts({"offers": offers, "touches": touches, "touched": touched})
    shown = _most_urgent(offers)
    now_due = [(row, clock) for row, clock in shown if clock and clock.due_at and clock.due_at <= due]
    later = shown[len(now_due) :]
    working = _most_urgent(touches)
    working += [(handoff, _first_touch(handoff)) for handoff in touched.order_by("-accepted_at")[:SHOWN]]
    found = [
        Group("Due now", _items(now_due, now), counting.words(len(now_due))),
        Group("Later", _items(later, now), counting.words(total["offers"] - len(now_due))),
        Group("Working", _items(working, now), counting.words(total["touches"] + total["touched"])),
    ]
    return [group for group in found if group.items]


def _most_urgent(clocks: QuerySet[SlaClock]) -> list[Pair]:
    due_first = clocks.order_by(F("due_at").asc(nulls_last=True), "-cycle__total", "pk")
    return [(clock.handoff, clock) for clock in due_first[:SHOWN] if clock.handoff]


def _clocks(user: Any, rep: User | None, kind: str) -> QuerySet[SlaClock]:
    clocks = SlaClock.objects.visible_to(user).running().filter(kind=kind, cycle__closed_at=None)
    related = ("rep", "cycle", "lead__company", "lead__score")
    clocks = clocks.select_related(*(f"handoff__{name}" for name in related))
    return clocks.filter(handoff__rep=rep) if rep else clocks


def _offers(user: Any, rep: User | None) -> QuerySet[SlaClock]:
    return _clocks(user, rep, Kind.ACCEPT).filter(
        handoff__accepted_at=None, handoff__rejected_at=None, handoff__withdrawn_at=None
    )


def _to_touch(user: Any, rep: User | None) -> QuerySet[SlaClock]:
    return _clocks(user, rep, Kind.FIRST_TOUCH).filter(handoff__accepted_at__isnull=False)


def _touched(user: Any, rep: User | None) -> QuerySet[Handoff]:
    clocks = SlaClock.objects.filter(kind=Kind.FIRST_TOUCH)
    rows = Handoff.objects.visible_to(user).being_worked().filter(first_touch_at__isnull=False)
    rows = rows.with_people().prefetch_related(Prefetch("clocks", clocks, to_attr="first_touches"))
    return rows.filter(rep=rep) if rep else rows


def _first_touch(handoff: Handoff) -> SlaClock | None:
    return next(iter(handoff.first_touches), None)  # type: ignore[attr-defined]


def _items(pairs: Sequence[Pair], now: datetime) -> list[Item]:
    return [Item(handoff, face(clock, now, met="First touch met")) for handoff, clock in pairs]
