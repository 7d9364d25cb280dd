"""A kept result as rows, shares and SVG points: what the page says for any line, without scoring again. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from scoring.backtest.judging import SHIFT_WORDS
from scoring.backtest.measures import Lift
from scoring.shares import Share

WIDTH, HEIGHT = 560, 220  # of a drawing area, in SVG units
MOST_ROWS = 17  # lines listed in the table beside the chart


@dataclass(frozen=True)
class Outlook:
    """One definition under one line."""

    line: int
    entered: int
    judged: Share  # reached the outcome, of those judged: precision
    recall: Share
    lift: Lift
    a_day: float | None

    @property
    def masked(self) -> int:
        return self.entered - self.judged.whole


@dataclass(frozen=True)
class Bar:
    """One week: the number, and where it stands in the drawing."""

    week: date
    first: int
    again: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Drawing:
    """Paths and marks over all lines; `ticks` are (x, line)."""

    precision: str
    recall: str
    bars: list[tuple[float, float, float, float]]
    mark: float
    capacity_y: float | None
    most_a_day: float
    ticks: list[tuple[float, int]]


def lines_of(side: dict[str, Any]) -> range:
    return range(side["lowest"], side["lowest"] + len(side["entered"]))


def nearest(side: dict[str, Any], asked: str) -> int:
    """The line asked for, held within what was counted; the definition's own if nothing sensible was."""
    lines = lines_of(side)
    wanted = int(asked) if asked.isdecimal() and len(asked) < 7 else side["threshold"]
    return min(max(wanted, lines[0]), lines[-1])


def outlook(result: dict[str, Any], place: int, line: int, days: int) -> Outlook:
    side = result["sides"][place]
    at = line - side["lowest"]
    share = Share(side["hits"][at], side["judged"][at])
    return Outlook(
        line=line,
        entered=side["entered"][at],
        judged=share,
        recall=Share(side["caught"][at], result["reached"]),
        lift=Lift(share, Share(result["base"][1], result["base"][0])),
        a_day=side["entered"][at] / days if days else None,
    )


def within(result: dict[str, Any], place: int, days: int, capacity: int) -> Outlook | None:
    """The lowest line under which sales has time for everybody who enters, on average. None: no line does."""
    looks = (outlook(result, place, line, days) for line in lines_of(result["sides"][place]))
    return next((look for look in looks if look.a_day is not None and look.a_day <= capacity), None)


def working_days(weeks: Sequence[str], until: date) -> int:
    """Mondays to Fridays from the first week with an entry until the end."""
    if not weeks:
        return 0
    first = date.fromisoformat(weeks[0])
    days = (until - first).days + 1
    return sum((first + timedelta(days=n)).weekday() < 5 for n in range(max(days, 0)))


def bars(result: dict[str, Any], place: int, line: int, capacity: int) -> tuple[list[Bar], int, float | None]:
    """Entries of each week, the top of the scale, and where a week of capacity lies."""
    side = result["sides"][place]
    first = side["weekly"][line - side["lowest"]] if result["weeks"] else []
    again = side["again"] if line == side["threshold"] else [0] * len(first)
    top = max([1, 5 * capacity, *(a + b for a, b in zip(first, again, strict=True))])
    width = WIDTH / max(len(first), 1)
    found = [
        Bar(
            date.fromisoformat(week),
            one,
            more,
            round(n * width + width * 0.1, 1),
            round(HEIGHT - HEIGHT * (one + more) / top, 1),
            round(width * 0.8, 1),
            round(HEIGHT * (one + more) / top, 1),
        )
        for n, (week, one, more) in enumerate(zip(result["weeks"], first, again, strict=True))
    ]
    return found, top, round(HEIGHT - HEIGHT * 5 * capacity / top, 1) if capacity else None


def drawing(result: dict[str, Any], place: int, line: int, days: int, capacity: int) -> Drawing:
    side = result["sides"][place]
    lines = lines_of(side)
    looks = [outlook(result, place, each, days) for each in lines]
    most = max([1.0, capacity * 1.1, *(look.a_day or 0 for look in looks)])
    step = WIDTH / max(len(lines) - 1, 1)
    middles = [round(n * step, 1) for n in range(len(lines))]
    heights = [round(HEIGHT * (look.a_day or 0) / most, 1) for look in looks]
    return Drawing(
        precision=_path(middles, [look.judged.value if look.judged.sure else None for look in looks]),
        recall=_path(middles, [look.recall.value for look in looks]),
        bars=[
            (round(x - step * 0.35, 1), round(HEIGHT - height, 1), round(step * 0.7, 1), height)
            for x, height in zip(middles, heights, strict=True)
        ],
        mark=middles[line - lines[0]],
        capacity_y=round(HEIGHT - HEIGHT * capacity / most, 1) if capacity else None,
        most_a_day=round(most, 1),
        ticks=[(x, each) for x, each in zip(middles, lines, strict=True) if each % 10 == 0],
    )


def _path(xs: Sequence[float], values: Sequence[float | None]) -> str:
    """Broken where nothing can be said."""
    parts, drawing = [], False
    for x, value in zip(xs, values, strict=True):
        if value is not None:
            parts.append(f"{'L' if drawing else 'M'}{x} {round(HEIGHT - HEIGHT * value, 1)}")
        drawing = value is not None
    return " ".join(parts)


def table_of_lines(result: dict[str, Any], place: int, line: int, days: int) -> list[Outlook]:
    """Every fifth line, and the chosen one."""
    lines = lines_of(result["sides"][place])
    chosen = sorted({each for each in lines if each % 5 == 0} | {line})
    return [outlook(result, place, each, days) for each in chosen[: MOST_ROWS + 1]]


def shifts(result: dict[str, Any]) -> list[tuple[str, int, float]]:
    """(words, leads, share of the longest in percent)."""
    counts = result.get("shifts", [])
    most = max(counts, default=0) or 1
    return [
        (words, count, round(100 * count / most, 1))
        for words, count in zip(SHIFT_WORDS, counts, strict=False)
    ]


def split(result: dict[str, Any], name: str) -> list[tuple[str, list[tuple[int, Share]]]]:
    """Sources, segments or bands: for each definition the entries, and of those judged who reached the outcome."""
    sides = [side.get(name, {}) for side in result["sides"]]
    names = list(dict.fromkeys(key for side in sides for key in side))
    nothing = [0, 0, 0]
    return [
        (
            key,
            [
                (counts[0], Share(counts[2], counts[1]))
                for counts in (side.get(key, nothing) for side in sides)
            ],
        )
        for key in names
    ]
