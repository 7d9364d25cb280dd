"""When a qualified lead would fall out if it did nothing more: the exact instant, found by really scoring.

    rules see the same facts until the next end -> between two ends points only halve -> halve the time between

Between two instants the score is never below what gains leave at the later one and losses at the earlier one. Where
that bound still holds, no instant between needs to be looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scoring.course import Course
from scoring.horizon import Fading, ends_of
from scoring.rules import Score, Tally, holds, settle

QUICK, LONG = (
    10_000,
    150_000,
)  # facts weighed before a search rests: beside other things, on a page of its own
LOOK = 25  # what a look weighs besides its facts


@dataclass(frozen=True)
class Forecast:
    """`falls_at` in microseconds, None when time alone never does it. `sure_until` is where a search that rested
    had come; None when it came to its end.
    """

    falls_at: int | None = None
    sure_until: int | None = None


class _Rested(Exception):
    """There is more to weigh than was asked for."""


class _Patience:
    """What may still be weighed."""

    def __init__(self, facts: int) -> None:
        self.left = facts

    def weigh(self, found: Sequence[Tally]) -> None:
        self.left -= LOOK + sum(len(tally.counted) for tally in found)
        if self.left < 0:
            raise _Rested


def forecast(course: Course, patience: int = LONG) -> Forecast:
    """For a lead that counts as qualified at the course's instant."""
    start, rest = course.as_of, _Patience(patience)
    try:
        while True:
            found = course.tallies(start)
            fading = Fading(course.model, found, course.fits, start)
            ends = [*course.arrivals(start), *(end for end in ends_of(found, start) if end > start)]
            fallen = _first_fall(fading, start, min(ends) - 1 if ends else fading.over_at, rest)
            if fallen is not None or not ends:
                return Forecast(falls_at=fallen)
            start = min(ends)
    except _Rested:
        return Forecast(sure_until=start)


def _first_fall(fading: Fading, first: int, last: int, rest: _Patience) -> int | None:
    """The first instant from `first` to `last`, both included, at which the lead has fallen."""
    here = settle(fading.model, fading.found, fading.fits)
    if here.qualifies and here.critical:
        rest.weigh(fading.found)
        return None  # whatever its points
    waiting = [(first, last)]
    while waiting:
        low, high = waiting.pop()
        rest.weigh(fading.found)
        if _stays(here, fading, gains_at=high, losses_at=low):
            continue
        if low == high:
            return low
        middle = (low + high) // 2
        waiting += [(middle + 1, high), (low, middle)]
    return None


def _stays(here: Score, fading: Fading, gains_at: int, losses_at: int) -> bool:
    if here.disqualified:
        return False
    points, model = fading.points(gains_at, losses_at), fading.model
    return points.total >= model.threshold - model.margin and points.fit >= model.fit_floor


def still_holds(course: Course, at: int) -> bool:
    """What a forecast is about: would a qualified lead still count as qualified then?"""
    return holds(course.score(at), True, course.model)
