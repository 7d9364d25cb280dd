"""A promise's way through a calendar, step by step: what was worked when, and what was left.

The same walk that sets due times, told instead of summed up. Callers pass every instant; results are UTC.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from handoff.calendars import DAY, NONE, Calendar, as_utc, promise

MOST_STEPS = 400  # windows told one by one; a longer walk says so
YEAR = 366 * DAY


@dataclass(frozen=True)
class Step:
    """One open stretch: how much of the promise it took, what was left after it."""

    opens: datetime
    closes: datetime
    taken: timedelta
    left: timedelta


@dataclass(frozen=True)
class Walk:
    start: datetime
    due: datetime | None  # None: not within the steps that are told
    steps: list[Step]


@dataclass(frozen=True)
class ClockChange:
    """Clocks in the zone jump at `at`, forward when `by` is positive."""

    at: datetime
    by: timedelta


def walk(calendar: Calendar, start: datetime, minutes: int) -> Walk:
    begun, left, steps = as_utc(start), promise(minutes), []
    for opens, closes in calendar.windows_after(begun):
        taken = min(closes - opens, left)
        left -= taken
        steps.append(Step(opens, closes, taken, left))
        if left == NONE:
            return Walk(begun, opens + taken, steps)
        if len(steps) == MOST_STEPS:
            break
    return Walk(begun, None, steps)


def clock_changes(calendar: Calendar, start: datetime, span: timedelta = YEAR) -> list[ClockChange]:
    """When clocks in the zone change within `span`, to the second."""
    begun = as_utc(start)
    days = [begun + n * DAY for n in range(span // DAY + 1)]
    return [
        _change(calendar, before, after)
        for before, after in pairwise(days)
        if _offset(calendar, before) != _offset(calendar, after)
    ]


def _change(calendar: Calendar, before: datetime, after: datetime) -> ClockChange:
    old, new = _offset(calendar, before), _offset(calendar, after)
    seconds = int((after - before).total_seconds())
    jumped = bisect_left(
        range(seconds), True, key=lambda s: _offset(calendar, before + timedelta(seconds=s)) != old
    )
    return ClockChange(before + timedelta(seconds=jumped), new - old)


def _offset(calendar: Calendar, moment: datetime) -> timedelta:
    return moment.astimezone(calendar.zone).utcoffset() or NONE


def closed_days(calendar: Calendar, first: date, span: timedelta = YEAR) -> list[tuple[date, date]]:
    """Dates on which no window opens, though that weekday usually has one; runs of neighbours as first and last.

    Weekdays that never open are no news, unless they join two such dates.
    """
    runs: list[tuple[date, date]] = []
    for day in _unusual(calendar, first, span):
        if runs and _only_rest(calendar, runs[-1][1], day):
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return runs


def _unusual(calendar: Calendar, first: date, span: timedelta) -> Iterator[date]:
    days = (first + n * DAY for n in range(span // DAY))
    return (day for day in days if calendar.weekly[day.weekday()] and not calendar.windows_on(day))


def _only_rest(calendar: Calendar, last: date, day: date) -> bool:
    between = ((last + n * DAY) for n in range(1, (day - last).days))
    return all(not calendar.windows_on(each) for each in between)
