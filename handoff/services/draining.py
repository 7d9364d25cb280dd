"""Emptying the holding queue when somebody can take leads again. May run twice, at once, or late."""

from __future__ import annotations

from collections import Counter

from django.db import transaction

from handoff.errors import HandoffError
from handoff.models import Holding
from handoff.services.holding import release_closed
from handoff.services.offers import place_held

BATCH = 200
STUCK = 3  # leads of one line in a row that found nobody; those behind them would not either


def drain(*, limit: int = BATCH) -> int:
    """How many found a rep. Oldest first; a line of leads that wait for the same is left once it is stuck."""
    release_closed()
    tried: list[int] = []
    stuck: Counter[str] = Counter()
    placed = 0
    while placed < limit and (held := _oldest(tried, stuck)):
        pk, line = held
        tried.append(pk)
        if _placed(pk):
            placed, stuck[line] = placed + 1, 0
        else:
            stuck[line] += 1
    return placed


def _oldest(tried: list[int], stuck: Counter[str]) -> tuple[int, str] | None:
    left = [line for line, times in stuck.items() if times >= STUCK]
    waiting = Holding.objects.filter(released_at=None).exclude(pk__in=tried).exclude(waits_for__in=left)
    return waiting.order_by("held_at", "pk").values_list("pk", "waits_for").first()


def _placed(pk: int) -> bool:
    try:
        with transaction.atomic():
            return place_held(pk)
    except HandoffError:
        return False
