"""What time alone does to points, as an SVG drawn by the server with the table behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from scoring.course import Course
from scoring.facts import instant
from scoring.forecast import Forecast
from scoring.language import DAY, SCALE, SECOND, Rule
from scoring.rules import Tally, group_worths, rounded

WIDTH, HEIGHT = 640, 160  # of the drawing area, in SVG units
STEPS = 96  # stretches of time between the ends of the drawing
ROWS = 12  # of the table
USUAL, LONGEST = 90 * DAY * SECOND, 730 * DAY * SECOND  # microseconds ahead


@dataclass(frozen=True)
class Mark:
    x: float
    y: float
    words: str


@dataclass(frozen=True)
class Curve:
    """`path` is an SVG path, `rows` the instants of the table with their points."""

    path: str
    rows: list[tuple[datetime, float]]
    first: datetime
    last: datetime
    now: float
    end: float
    top: int
    bottom: int
    zero_y: float
    line_y: float | None = None
    line: int = 0
    fall: Mark | None = None


def of_score(course: Course, foreseen: Forecast | None) -> Curve:
    """The whole score, if the lead did nothing more."""
    falls_at = foreseen.falls_at if foreseen else None
    ahead = min(max(USUAL, (falls_at - course.as_of) * 5 // 4 if falls_at else 0), LONGEST)

    def total(at: int) -> int:
        return rounded(sum(group_worths(course.model, course.tallies(at), course.fits).values()))

    return _drawn(course.as_of, ahead, total, line=course.model.threshold, falls_at=falls_at)


def of_rule(course: Course, rule: Rule) -> Curve:
    """What one rule gives, after its cap, if the lead did nothing more."""
    lives = [rule.half_life * 4 if rule.half_life else 0, rule.reach or 0, rule.award_life or 0]
    longest = min(max(lives), LONGEST) or USUAL

    def points(at: int) -> float:
        return round(_tally_of(course, rule, at).worth / SCALE, 1)

    return _drawn(course.as_of, longest * 21 // 20, points, smooth=rule.half_life is not None)


def _tally_of(course: Course, rule: Rule, at: int) -> Tally:
    return next(tally for tally in course.tallies(at) if tally.rule.key == rule.key)


def _drawn(
    start: int,
    ahead: int,
    points: Callable[[int], float],
    line: int | None = None,
    falls_at: int | None = None,
    smooth: bool = False,
) -> Curve:
    instants = [start + ahead * step // STEPS for step in range(STEPS + 1)]
    values = [points(at) for at in instants]
    top = max(10, round(max(values)) + 1, line or 0)
    bottom = min(0, round(min(values)) - 1 if min(values) < 0 else 0)

    def y(value: float) -> float:
        return round(HEIGHT * (top - value) / (top - bottom), 1)

    every = STEPS // ROWS
    return Curve(
        path=_path([y(value) for value in values], smooth),
        rows=[(instant(at), value) for at, value in zip(instants, values, strict=True)][::every],
        first=instant(start),
        last=instant(instants[-1]),
        now=values[0],
        end=values[-1],
        top=top,
        bottom=bottom,
        zero_y=y(0),
        line=line or 0,
        line_y=None if line is None else y(line),
        fall=_mark(falls_at, start, ahead, points, y) if falls_at else None,
    )


def _path(heights: Sequence[float], smooth: bool) -> str:
    """What halves falls evenly; anything else keeps its height until it drops."""
    places = [round(WIDTH * step / STEPS, 1) for step in range(len(heights))]
    steps = [f"L{x} {y}" if smooth else f"H{x} V{y}" for x, y in zip(places[1:], heights[1:], strict=True)]
    return " ".join([f"M0 {heights[0]}", *steps])


def _mark(
    at: int, start: int, ahead: int, points: Callable[[int], float], y: Callable[[float], float]
) -> Mark | None:
    if at > start + ahead:
        return None
    return Mark(round(WIDTH * (at - start) / ahead, 1), y(points(at)), f"{instant(at):%-d %b %Y}")
