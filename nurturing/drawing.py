"""Charts as points of an SVG that the server draws. Pure; templates write the marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from scoring.shares import Share

WIDTH, HEIGHT = 526, 120  # of the bars' area, in SVG units
SPARK_WIDTH, SPARK_HEIGHT = 88, 24
LEFT, SPAN = 130, 400  # of whiskers: where 0% is, and how long the line


class Bar(NamedTuple):
    x: float
    y: float
    width: float
    height: float


class Tick(NamedTuple):
    place: float
    label: str


@dataclass(frozen=True)
class Bars:
    bars: list[Bar]
    ticks: list[Tick]  # from the ground up


class Whisker(NamedTuple):
    label: str
    base: str
    share: str
    x: float
    low: float
    high: float
    y: int
    held: bool


@dataclass(frozen=True)
class Whiskers:
    rows: list[Whisker]
    ticks: list[Tick]


def top_of(most: float, lines: int = 3) -> int:
    """A round number for the upper edge that `lines` lines divide evenly."""
    size = 1
    while True:
        for step in (1, 2, 4, 5):
            if step * size * lines >= most:
                return step * size * lines
        size *= 10


def bars(values: Sequence[int]) -> Bars:
    top, slot = top_of(max(values, default=0)), WIDTH / max(1, len(values))
    drawn = [
        Bar(
            round(place * slot + slot * 0.15, 1),
            round(HEIGHT - HEIGHT * value / top, 1),
            round(slot * 0.7, 1),
            round(HEIGHT * value / top, 1),
        )
        for place, value in enumerate(values)
    ]
    ticks = [Tick(HEIGHT - HEIGHT * n / 3, f"{top * n // 3:,}") for n in range(4)]
    return Bars(drawn, ticks)


def spark(values: Sequence[int]) -> str:
    """A path from the oldest to the newest value; empty when there was never anything."""
    most = max(values, default=0)
    if not most:
        return ""
    step = SPARK_WIDTH / max(1, len(values) - 1)
    points = [
        f"{place * step:.1f} {SPARK_HEIGHT - 2 - (SPARK_HEIGHT - 4) * value / most:.1f}"
        for place, value in enumerate(values)
    ]
    return "M" + " L".join(points)


def whiskers(groups: Sequence[tuple[str, Share]]) -> Whiskers | None:
    """Shares with their intervals on one scale; None while a group has nobody."""
    if any(share.value is None for _, share in groups):
        return None
    top = max(2, top_of(100 * max(share.interval[1] for _, share in groups), 5))
    place = lambda value: round(LEFT + SPAN * 100 * value / top, 1)  # noqa: E731, one formula for all
    rows = [
        Whisker(
            label,
            f"{share.part:,} of {share.whole:,}",
            f"{100 * (share.value or 0):.1f}%",
            place(share.value or 0),
            place(share.interval[0]),
            place(share.interval[1]),
            46 + 50 * number,
            number > 0,
        )
        for number, (label, share) in enumerate(groups)
    ]
    ticks = [Tick(round(LEFT + SPAN * n / 5, 1), f"{top * n / 5:g}%") for n in range(6)]
    return Whiskers(rows, ticks)
