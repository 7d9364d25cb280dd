"""What entries were worth: counted for every line at once, chunk by chunk, and added up. Pure arrays and sums.

Judged  an entry counts for precision once it is `maturity` old, and then by whether the outcome came within that time;
        results from a file have no date, are final, and are judged at once. A lead whose outcome came before it would
        have entered is not judged, and is missed by recall
Lines   all counts of `Curve` have one entry per line from lowest to highest; lines are told apart by differences, so
        each lead costs as many steps as it has heights, whatever the number of lines
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from scoring.backtest.entries import Entries, Ints
from scoring.compiler import NEVER
from scoring.language import DAY, SECOND

WEEK = 7 * DAY * SECOND
FIRST_MONDAY = 4 * DAY * SECOND  # 1970-01-05; weeks are numbered from it, in UTC


@dataclass(frozen=True)
class Span:
    """The period [since, until], and how old an entry must be to be judged (microseconds)."""

    since: int
    until: int
    maturity: int


@dataclass(frozen=True)
class Outcomes:
    """One row a lead: since when it is known, and when it reached the outcome (NEVER: it did not).

    `final` is 1 for reached and 0 for missed where a file says so without a date, -1 elsewhere.
    """

    born_at: Ints
    reached_at: Ints
    final: NDArray[np.int8]

    def reached(self, span: Span) -> NDArray[np.bool_]:
        """Who belongs to recall: reached it in the period, or at a time nobody knows."""
        dated = (self.reached_at >= span.since) & (self.reached_at <= span.until)
        return np.where(self.final >= 0, self.final == 1, dated)


class Sums:
    """Parts of equal shape, added field by field."""

    def __add__(self, other: Self) -> Self:
        return type(self)(*(_plus(getattr(self, f.name), getattr(other, f.name)) for f in fields(self)))  # type: ignore[arg-type]


def _plus(one: Any, other: Any) -> Any:
    """Counts by name are added name by name."""
    if isinstance(one, tuple):
        return tuple(map(_plus, one, other))
    if not isinstance(one, dict):
        return one + other
    return one | {name: np.add(one[name], more) if name in one else more for name, more in other.items()}


@dataclass(frozen=True)
class Curve(Sums):
    """Per line: leads that would have entered in the period, those judged, those who reached the outcome, those of
    recall who had entered by then; and the entries of each week.
    """

    entered: Ints
    judged: Ints
    hits: Ints
    caught: Ints
    weekly: dict[int, Ints]


@dataclass(frozen=True)
class Verdicts:
    """Of one entry each."""

    entered: NDArray[np.bool_]
    judged: NDArray[np.bool_]
    hit: NDArray[np.bool_]
    caught: NDArray[np.bool_]


def judge(lead: Ints, at: Ints, outcomes: Outcomes, span: Span) -> Verdicts:
    """Entries of `lead` at `at`; NEVER is none."""
    reached_at, final = outcomes.reached_at[lead], outcomes.final[lead]
    entered = (at >= span.since) & (at <= span.until)
    ripe = (at <= span.until - span.maturity) & (reached_at >= at)
    judged = entered & np.where(final >= 0, True, ripe)
    in_time = (reached_at >= at) & (reached_at - at <= span.maturity) & (reached_at <= span.until)
    hit = judged & np.where(final >= 0, final == 1, in_time)
    by_then = np.where(final >= 0, at <= span.until, at <= reached_at)
    return Verdicts(entered, judged, hit, outcomes.reached(span)[lead] & by_then)


def curve_of(found: Entries, outcomes: Outcomes, span: Span) -> Curve:
    lead, at, before, total = _stretches(found)
    seen = judge(lead, at, outcomes, span)
    lines = found.highest - found.lowest + 1
    first, last = before + 1 - found.lowest, total + 1 - found.lowest
    count = _counter(first, last, lines)
    weekly = _by_week(at[seen.entered], first[seen.entered], last[seen.entered], lines)
    entered, judged, hits, caught = (
        count(flags) for flags in (seen.entered, seen.judged, seen.hit, seen.caught)
    )
    return Curve(entered, judged, hits, caught, weekly)


def _by_week(at: Ints, first: Ints, last: Ints, lines: int) -> dict[int, Ints]:
    names, week = np.unique(weeks_of(at), return_inverse=True)
    table = np.zeros((len(names), lines + 1), np.int64)
    np.add.at(table, (week, first), 1)
    np.add.at(table, (week, last), -1)
    return dict(zip(names.tolist(), table.cumsum(axis=1)[:, :lines], strict=True))


def weeks_of(at: Ints) -> Ints:
    return (at - FIRST_MONDAY) // WEEK


def _counter(first: Ints, last: Ints, lines: int) -> Callable[[NDArray[np.bool_]], Ints]:
    def count(flags: NDArray[np.bool_]) -> Ints:
        begun = np.bincount(first[flags], minlength=lines + 1)
        return (begun - np.bincount(last[flags], minlength=lines + 1)).cumsum()[:lines]

    return count


def _stretches(found: Entries) -> tuple[Ints, Ints, Ints, Ints]:
    """(lead, first entry, for lines above `before` up to `total`): a height, or a critical signal before it."""
    heights = found.heights
    highest = np.full(found.leads, found.lowest - 1, np.int64)
    np.maximum.at(highest, heights.lead, heights.total)
    critical = np.flatnonzero((found.critical_at < NEVER) & (highest < found.highest))
    ends = np.full(len(critical), found.highest, np.int64)
    return (
        np.concatenate([heights.lead, critical]),
        np.concatenate(
            [np.minimum(heights.at, found.critical_at[heights.lead]), found.critical_at[critical]]
        ),
        np.concatenate([heights.before, highest[critical]]),
        np.concatenate([heights.total, ends]),
    )


# Under the model's own line


@dataclass(frozen=True)
class Sides(Sums):
    """Leads that enter under both models: how many, and how many days later (-: earlier) under the first."""

    both: int
    shifts: Ints  # counts per bin of `SHIFTS`
    days: list[float]

    @classmethod
    def of(cls, draft_at: Ints, against_at: Ints) -> Self:
        both = (draft_at < NEVER) & (against_at < NEVER)
        days = (draft_at[both] - against_at[both]) / (DAY * SECOND)
        bins = np.searchsorted(SHIFTS, days, side="right")
        return cls(int(both.sum()), np.bincount(bins, minlength=len(SHIFTS) + 1), np.round(days, 3).tolist())


# Days; a bin ends before its number. Within a quarter of a day counts as the same.
SHIFTS = np.array([-90, -30, -7, -0.25, 0.25, 7, 30, 90])
SHIFT_WORDS = (
    "over 90 days earlier",
    "30 to 90 days earlier",
    "7 to 30 days earlier",
    "up to 7 days earlier",
    "the same day",
    "up to 7 days later",
    "7 to 30 days later",
    "30 to 90 days later",
    "over 90 days later",
)


def by_name(names: list[str], seen: Verdicts) -> dict[str, Ints]:
    """{name: [entered, judged, hits]} of entries with these names."""
    found: dict[str, Ints] = {}
    labels, codes = np.unique(np.array(names, dtype=object).astype(str), return_inverse=True)
    for place, name in enumerate(labels.tolist()):
        found[name] = counts_of(seen, codes == place)
    return found


def counts_of(seen: Verdicts, mine: NDArray[np.bool_]) -> Ints:
    """[entered, judged, hits] of these entries."""
    return np.array([flags[mine].sum() for flags in (seen.entered, seen.judged, seen.hit)])
