"""The cohort funnel as the page and the file show it: counts from courses, shares and estimates from rates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from reports import charts, courses
from reports.asked import DAYS, STAGES, Asked
from reports.behind import ARRIVED, can_ask_people
from reports.courses import ARRIVED_DAYS, Row
from reports.rates import Estimate, Rate, estimate
from reports.words import ARRIVED as ARRIVED_WORDS
from reports.words import STAGE_WORDS, UNIT_WORDS, rate_words

MATURING = (14, 30, 60, 90)


@dataclass(frozen=True)
class Stage:
    key: str
    label: str
    words: str
    count: int
    width: float
    rate: Rate | None = None
    days: int = 0
    rate_words: str = ""


@dataclass(frozen=True)
class Month:
    """One cohort: the share once it is ripe, the estimate while it is not."""

    key: str
    label: str
    rate: Rate
    goal: int
    estimate: Estimate | None
    ages: list[tuple[int, Rate]]


@dataclass(frozen=True)
class Group:
    key: str
    label: str
    total: int
    reached: dict[str, int]
    rate: Rate


@dataclass(frozen=True)
class Funnel:
    asked: Asked
    stages: list[Stage]
    months: list[Month]
    groups: list[Group]
    more_groups: int
    total: int
    rate: Rate
    chart: charts.Chart
    finding: str

    @property
    def unit(self) -> str:
        return UNIT_WORDS[self.asked.unit][0]


@courses.reading()
def report(asked: Asked, zone: str, now: datetime) -> Funnel:
    """Five queries at most, however many leads there are."""
    months = _months(asked, zone, now)
    by_way = courses.rows(asked, asked.by, zone, now, [asked.days])
    rates = [month.rate for month in months]
    rate = sum(rates, Rate(0, 0, 0))
    total = courses.rows(asked, "", zone, now, [asked.days])
    return Funnel(
        asked=asked,
        stages=_stages(asked, total[0], zone, now) if total else [],
        months=months,
        groups=[_group(row, asked) for row in by_way[: courses.GROUPS]],
        more_groups=max(0, len(by_way) - courses.GROUPS),
        total=rate.whole,
        rate=rate,
        chart=charts.draw([_point(month) for month in months], benchmark=asked.goal == "sql"),
        finding=_finding(asked, rate, months),
    )


def _months(asked: Asked, zone: str, now: datetime) -> list[Month]:
    ages = sorted({asked.days, *MATURING})
    found = {row.key: row for row in courses.rows(asked, "month", zone, now, ages)}
    young = [key for key, row in found.items() if row.mature[asked.days] < row.total]
    days = courses.days_of(asked, young, zone, now)
    keys = {f"{month:%Y-%m}": month for month in asked.months}
    return [_month(asked, key, first, found.get(key), days.get(key)) for key, first in keys.items()]


def _month(asked: Asked, key: str, first: date, row: Row | None, days: Any) -> Month:
    if row is None:
        return Month(key, _name(first), Rate(0, 0, 0), 0, None, [(age, Rate(0, 0, 0)) for age in MATURING])
    ages = [(age, _rate(row, asked.goal, age)) for age in MATURING]
    guess = estimate(days, asked.days) if days else None
    return Month(key, _name(first), _rate(row, asked.goal, asked.days), row.reached[asked.goal], guess, ages)


def _name(month: date) -> str:
    return f"{month:%b %Y}"


def _rate(row: Row, stage: str, days: int) -> Rate:
    return Rate(row.hits[stage, days], row.mature[days], row.total)


def _group(row: Row, asked: Asked) -> Group:
    label = f"Version {row.label}" if asked.by == "version" else row.label or "Not known"
    return Group(row.key, label, row.total, row.reached, _rate(row, asked.goal, asked.days))


def _stages(asked: Asked, row: Row, zone: str, now: datetime) -> list[Stage]:
    counts = {"mql": row.total, **row.reached}
    arrived = courses.arrivals(asked, zone, now) if can_ask_people(asked) else None
    most = max([*counts.values(), arrived[0] if arrived else 0])
    found = []
    if arrived:
        rate = Rate(arrived[2], arrived[1], arrived[0])
        label, words = STAGE_WORDS[ARRIVED]
        width = charts.root_width(arrived[0], most)
        found.append(Stage(ARRIVED, label, words, arrived[0], width, rate, ARRIVED_DAYS, ARRIVED_WORDS))
    return found + [_stage(key, count, most, row) for key, count in counts.items()]


def _stage(key: str, count: int, most: int, row: Row) -> Stage:
    label, words = STAGE_WORDS[key]
    width = charts.root_width(count, most)
    if key not in STAGES:
        return Stage(key, label, words, count, width)
    days = DAYS[key]
    return Stage(key, label, words, count, width, _rate(row, key, days), days, rate_words(key, days))


def _point(month: Month) -> charts.Point:
    rate, name = month.rate, month.label.split()[0]
    base = f"{month.goal} of {rate.whole}"
    if rate.ripe:
        value = rate.value
        return charts.Point(name, base, value, *(rate.interval if value is not None else (0, 0)))
    guess = month.estimate
    if guess is None:
        return charts.Point(name, base, None)
    return charts.Point(name, base, guess.value, guess.low, guess.high, estimated=True)


def _finding(asked: Asked, rate: Rate, months: list[Month]) -> str:
    """What the chart says, for those who do not see it."""
    goal = STAGE_WORDS[asked.goal][0]
    if rate.value is None:
        return f"Not enough cases yet to say how many become {goal} within {asked.days} days."
    low, high = rate.interval
    young = sum(not month.rate.ripe for month in months)
    words = f"Over all these months {rate.value:.1%} reached {goal} within {asked.days} days ({low:.1%}–{high:.1%})."
    return words + (f" {young} of {len(months)} months are still maturing." if young else "")
