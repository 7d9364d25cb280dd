"""How many a definition means, while somebody writes it: everybody is asked of a small base, a draw of a large one.

The draw is even and without repetition and takes BUDGET seconds; how far the estimate can be off is said with it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leads.arrays import people
from leads.models import Lead
from nurturing.segments.evaluating import matching
from nurturing.segments.language import Group
from scoring.touched import Count

Ids = NDArray[np.int64]
EXACT = 20_000  # leads that are all asked within the budget
DRAW = 4_000  # leads at a time
BUDGET = 0.4  # seconds
SHOWN = 10


@dataclass(frozen=True)
class Preview:
    """`shown` are the newest of those that were found."""

    count: Count
    shown: list[int]


def preview(group: Group, *, exact_up_to: int = EXACT) -> Preview:
    few = not Lead.objects.values("pk")[exact_up_to : exact_up_to + 1].exists()
    hits, asked, shown = 0, 0, np.zeros(0, np.int64)
    for ids in people(exact_up_to) if few else _drawn():
        found = matching(group, ids)
        hits, asked = hits + len(found), asked + len(ids)
        shown = np.sort(np.concatenate([shown, found]))[-SHOWN:]
    leads = asked if few else Lead.objects.filter(merged_into=None).count()
    return Preview(Count(hits, asked, leads), shown[::-1].tolist())


def _drawn() -> Iterator[Ids]:
    """Ids that nobody has are nobody."""
    until = time.monotonic() + BUDGET
    last = Lead.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    order = np.random.default_rng().permutation(last) + 1
    for at in range(0, last, DRAW):
        there = Lead.objects.filter(pk__in=order[at : at + DRAW].tolist(), merged_into=None)
        yield np.sort(np.fromiter(there.values_list("pk", flat=True), np.int64))
        if time.monotonic() > until:
            return
