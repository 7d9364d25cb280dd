"""The hold queue as a page shows it: who waits, why, and when the turn is expected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from scoring.models import HeldLead, Publication
from scoring.rows import database_now
from scoring.services import holding

SIZE = 50
VIEWS = {
    "waiting": (
        "Waiting",
        "Nobody waits",
        "When a publication hands on so many leads an hour, the rest wait here.",
    ),
    "quiet": (
        "Kept quiet",
        "Nobody is kept quiet",
        "Leads who cross the line only by a silent publication stand here until they do something newer.",
    ),
    "settled": (
        "Settled",
        "Nothing was settled yet",
        "Who had a turn, left by itself or was dismissed is noted here.",
    ),
}


@dataclass(frozen=True)
class Row:
    held: HeldLead
    expected: datetime | None


@dataclass(frozen=True)
class Page:
    view: str
    rows: list[Row]
    next: int | None  # the row after which the next page begins
    first: bool
    counts: Mapping[str, int]
    pace: Publication | None


def page_of(user: Any, *, view: str, after: int | None) -> Page:
    view = view if view in VIEWS else "waiting"
    rows = _rows(user, view)
    last = HeldLead.objects.filter(pk=after).first() if after else None
    shown = list(_ordered(rows.filter(_beyond(last, view)) if last else rows, view)[: SIZE + 1])
    more, shown = len(shown) > SIZE, shown[:SIZE]
    pace = holding.pace()
    return Page(
        view=view,
        rows=_with_turns(shown, pace, rows) if view == "waiting" else [Row(held, None) for held in shown],
        next=shown[-1].pk if more else None,
        first=last is None,
        counts={name: _rows(user, name).count() for name in VIEWS},
        pace=pace,
    )


def _rows(user: Any, view: str) -> Any:
    held = HeldLead.objects.visible_to(user)
    return held.exclude(state__in=("waiting", "quiet")) if view == "settled" else held.filter(state=view)


def _ordered(rows: Any, view: str) -> Any:
    rows = rows.select_related("lead__company", "publication__version", "settled_by")
    return rows.by_turn() if view == "waiting" else rows.order_by("-pk")


def _beyond(last: HeldLead, view: str) -> Q:
    """Where the row has gone in the meantime, its place is still known."""
    if view != "waiting":
        return Q(pk__lt=last.pk)
    lower = Q(total__lt=last.total) | Q(total=last.total, pk__gt=last.pk)
    return Q(publication__gt=last.publication_id) | (Q(publication=last.publication_id) & lower)


def _with_turns(shown: list[HeldLead], pace: Publication | None, rows: Any) -> list[Row]:
    if not shown or pace is None or pace.per_hour is None:
        return [Row(held, None) for held in shown]
    start = _rank(shown[0], rows)
    turns, now = holding.recent_turns(), database_now()
    return [
        Row(held, holding.expected(start + place, per_hour=pace.per_hour, turns=turns, now=now))
        for place, held in enumerate(shown)
    ]


def _rank(held: HeldLead, rows: Any) -> int:
    """How many have their turn before."""
    higher = Q(total__gt=held.total) | Q(total=held.total, pk__lt=held.pk)
    return rows.filter(
        Q(publication__lt=held.publication_id) | (Q(publication=held.publication_id) & higher)
    ).count()
