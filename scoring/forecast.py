"""When a qualified lead would fall out if it did nothing more: the exact instant, found by really scoring.

    rules see the same facts until the next end -> between two ends points only halve -> halve the time between

Between two instants the score is never below what gains leave at the later one and losses at the earlier one. Where
that bound still holds, no instant between needs to be looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scoring.course import Course
from scoring.horizon import Fading, ends_of
from scoring.rules import Score, holds

MOST_ENDS = 1_000  # windows and expiries looked at before the search rests
MOST_LOOKS = 4_000  # stretches of time looked at between two ends


@dataclass(frozen=True)
class Forecast:
    """`falls_at` in microseconds, None when time alone never does it. `sure_until` is where a search that rested
    had come; None when it came to its end.
    """

    falls_at: int | None = None
    sure_until: int | None = None


class _Rested(Exception):
    """Too much to look at; everything before the instant holds."""


def forecast(course: Course) -> Forecast:
    """For a lead that counts as qualified at the course's instant."""
    start = course.as_of
    for _ in range(MOST_ENDS):
        found = course.tallies(start)
        fading = Fading(course.model, found, course.fits, start)
        ends = [*course.arrivals(start), *(end for end in ends_of(found, start) if end > start)]
        try:
            fallen = _first_fall(course, fading, start, min(ends) - 1 if ends else fading.over_at)
        except _Rested as rested:
            return Forecast(sure_until=rested.args[0])
        if fallen is not None or not ends:
            return Forecast(falls_at=fallen)
        start = min(ends)
    return Forecast(sure_until=start)


def _first_fall(course: Course, fading: Fading, first: int, last: int) -> int | None:
    """The first instant from `first` to `last`, both included, at which the lead has fallen."""
    here = course.score(first)
    if here.qualifies and here.critical:
        return None  # whatever its points
    waiting, looks = [(first, last)], _countdown(first)
    while waiting:
        low, high = waiting.pop()
        next(looks)
        if _stays(course, here, fading, gains_at=high, losses_at=low):
            continue
        if low == high:
            return low
        middle = (low + high) // 2
        waiting += [(middle + 1, high), (low, middle)]
    return None


def _countdown(first: int) -> Iterator[None]:
    for _ in range(MOST_LOOKS):
        yield
    raise _Rested(first)


def _stays(course: Course, here: Score, fading: Fading, gains_at: int, losses_at: int) -> bool:
    if here.disqualified:
        return False
    points = fading.points(gains_at, losses_at)
    stands = points.total >= course.model.threshold - course.model.margin
    return stands and points.fit >= course.model.fit_floor


def still_holds(course: Course, at: int) -> bool:
    """What a forecast is about: would a qualified lead still count as qualified then?"""
    return holds(course.score(at), True, course.model)
