"""Shares at a fixed age, and what may be said of cohorts that are not that old yet. Pure.

Source  the definitions marketing and sales agreed on; words.py says them to the reader
Units   ages are whole days, counted up: what happened within 30.0 days happened on day 30 at the latest
Clock   callers pass counts; nothing here reads the time or the database
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scoring.shares import FEW, wilson

GOOD = 0.13
USUAL = (0.10, 0.30)


@dataclass(frozen=True)
class Rate:
    """`part` of the `mature` ones reached the goal in time; `whole` are all, also those too young to be judged."""

    part: int
    mature: int
    whole: int

    def __add__(self, other: Rate) -> Rate:
        """A ratio of sums; an average of ratios would let a small month weigh as much as a large one."""
        return Rate(self.part + other.part, self.mature + other.mature, self.whole + other.whole)

    @property
    def shown(self) -> bool:
        return self.mature >= FEW

    @property
    def ripe(self) -> bool:
        return self.mature == self.whole

    @property
    def value(self) -> float | None:
        return self.part / self.mature if self.shown else None

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.part, self.mature)

    @property
    def unshown_because(self) -> str:
        if self.shown:
            return ""
        return "not old enough yet" if not self.mature and self.whole else f"fewer than {FEW}"


@dataclass(frozen=True)
class Day:
    """How many of a cohort reached the goal on this day of their age, ended otherwise, or are this old now."""

    day: int
    reached: int = 0
    ended: int = 0
    open: int = 0


@dataclass(frozen=True)
class Estimate:
    value: float
    low: float
    high: float
    cases: int


def estimate(days: Iterable[Day], horizon: int) -> Estimate | None:
    """The share that will have reached the goal by `horizon` days, if the young go on as the older did.

    Aalen and Johansen's cumulative incidence: who was rejected, disqualified or lost can no longer reach it, so those
    are ends of their own and not merely gone from sight. Nobody is at risk beyond today's age; within a day ends come
    before those who are that old now. None for fewer than FEW cases, or when nobody is old enough to say anything of
    the last day. For a cohort that is mature it is the plain share.
    """
    steps = sorted(days, key=lambda step: step.day)
    cases = sum(step.reached + step.ended + step.open for step in steps)
    if cases < FEW or not _reaches(steps, horizon):
        return None
    walked = _walk(steps, cases, horizon)
    value = walked[-1].incidence if walked else 0.0
    return Estimate(value, *_interval(value, walked, cases), cases)


@dataclass(frozen=True)
class _Step:
    at_risk: int
    reached: int
    gone: int  # reached and ended
    before: float  # the share still open when the day began
    incidence: float


def _reaches(steps: list[Day], horizon: int) -> bool:
    """Somebody is that old, or nobody is open any more."""
    return any(step.open and step.day >= horizon for step in steps) or not any(step.open for step in steps)


def _walk(steps: list[Day], cases: int, horizon: int) -> list[_Step]:
    found, at_risk, still_open, incidence = [], cases, 1.0, 0.0
    for step in steps:
        if step.day > horizon:
            break
        gone = step.reached + step.ended
        incidence += still_open * step.reached / at_risk
        found.append(_Step(at_risk, step.reached, gone, still_open, incidence))
        still_open *= 1 - gone / at_risk
        at_risk -= gone + step.open
        if not at_risk:
            break
    return found


def _interval(value: float, walked: list[_Step], cases: int) -> tuple[float, float]:
    """Wilson's, for as many cases as would be as uncertain: those not old enough count for less than one."""
    spread = _variance(value, walked)
    alike = min(cases, value * (1 - value) / spread) if spread > 0 and 0 < value < 1 else cases
    return wilson(value * alike, alike)


def _variance(value: float, walked: list[_Step]) -> float:
    """By the delta method (Marubini and Valsecchi 1995); without young cases it is the binomial's."""
    total = 0.0
    for step in walked:
        rest = value - step.incidence
        if step.gone < step.at_risk:
            total += rest**2 * step.gone / (step.at_risk * (step.at_risk - step.gone))
        total += step.before**2 * (step.at_risk - step.reached) * step.reached / step.at_risk**3
        total -= 2 * rest * step.before * step.reached / step.at_risk**2
    return max(total, 0.0)


def median_and_p95(values: list[float]) -> tuple[float, float] | None:
    """The value that half stay within, and the one that 95 of 100 do; None for none."""
    if not values:
        return None
    ordered = sorted(values)
    return _quantile(ordered, 0.5), _quantile(ordered, 0.95)


def _quantile(ordered: list[float], share: float) -> float:
    """Between two neighbours as far as the share asks, as PostgreSQL's percentile_cont does."""
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
