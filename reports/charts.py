"""Shares by month as points of an SVG drawn by the server; the same numbers stand in a table beside. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt

from reports.rates import GOOD, USUAL

STEP, LEFT, TOP, BOTTOM, LABELS = 61, 44, 16, 248, 42
LEAST_WIDTH = 550


@dataclass(frozen=True)
class Point:
    """What is known of one month. No value: too few cases, and only the base below is drawn."""

    label: str
    base: str
    value: float | None
    low: float = 0.0
    high: float = 0.0
    estimated: bool = False


@dataclass(frozen=True)
class Mark:
    x: float
    y: float
    low: float
    high: float
    label: str
    estimated: bool


@dataclass(frozen=True)
class Chart:
    """Everything is a number of the drawing; `ticks` and `labels` carry their words."""

    width: int
    ticks: Sequence[tuple[float, str]]
    labels: Sequence[tuple[float, str, str]]
    marks: Sequence[Mark]
    band: tuple[float, float] | None  # y and height
    good: float | None
    young: tuple[float, float] | None  # x and width

    @property
    def right(self) -> int:
        return self.width - 10

    @property
    def height(self) -> int:
        return BOTTOM + LABELS


def draw(points: Sequence[Point], *, benchmark: bool) -> Chart:
    """`benchmark`: the band and the line belong to MQL to SQL alone."""
    width = max(LEAST_WIDTH, STEP * len(points)) + LEFT + 10
    top = _top(points, benchmark)
    step = (width - LEFT - 10) / max(len(points), 1)
    x = [round(LEFT + step * (i + 0.5), 1) for i in range(len(points))]
    young = [i for i, point in enumerate(points) if point.estimated or _untold(points, i)]
    return Chart(
        width,
        [(_y(value, top), f"{value:.0%}") for value in _ticks(top)],
        [(at, point.label, point.base) for at, point in zip(x, points, strict=True)],
        [_mark(at, point, top) for at, point in zip(x, points, strict=True) if point.value is not None],
        (_y(USUAL[1], top), _y(USUAL[0], top) - _y(USUAL[1], top)) if benchmark else None,
        _y(GOOD, top) if benchmark else None,
        (round(x[young[0]] - step / 2, 1), round(step * (len(points) - young[0]), 1)) if young else None,
    )


def _untold(points: Sequence[Point], i: int) -> bool:
    """Behind the first estimate there is nothing ripe, whether or not it could be estimated."""
    return any(point.estimated for point in points[:i])


def _mark(x: float, point: Point, top: float) -> Mark:
    value = point.value or 0.0
    label = f"{value:.0%}" if point.estimated else f"{value:.1%}"
    low, high = _y(point.low, top), _y(min(point.high, top), top)
    return Mark(x, _y(value, top), low, high, f"about {label}" if point.estimated else label, point.estimated)


def _top(points: Sequence[Point], benchmark: bool) -> float:
    values = [
        max(point.value, min(point.high, point.value + 0.15)) for point in points if point.value is not None
    ]
    most = max([*values, 0.35 if benchmark else 0.1])
    return min(1.0, ceil(most * 10 - 1e-9) / 10)


def _ticks(top: float) -> list[float]:
    step = 0.1 if top <= 0.5 else 0.2
    return [step * i for i in range(round(top / step + 0.49) + 1) if step * i <= top + 1e-9]


def _y(value: float, top: float) -> float:
    return round(BOTTOM - (BOTTOM - TOP) * value / top, 1)


def root_width(count: int, most: int) -> float:
    """Percent of a bar on a square-root scale, so that small stages stay visible."""
    return round(100 * sqrt(count / most), 1) if most else 0.0
