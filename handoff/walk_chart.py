"""A walk as a drawing: a row for each local date, as wide as the hours that matter, in the units of the SVG.

What is open is a bar, what the promise took is a darker one over it; start and due are marks. A date on which
clocks change is as wide as any other: bars lie where clocks on the wall would read them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from handoff.calendars import DAY
from handoff.walks import Walk

MARGIN, HOURS_WIDTH, ROW, TOP = 160, 600, 26, 22  # the margin holds the date and the word at an early start
BAR = 16
WIDTH = MARGIN + HOURS_WIDTH + 76  # and the word at a late end
MOST_ROWS = 21
STEP = 3  # hours between two lines
Span = tuple[float, float]  # x and width
Hours = tuple[int, int]  # of a day, what is drawn


@dataclass
class Row:
    day: date
    y: int
    open: list[Span] = field(default_factory=list)
    taken: list[Span] = field(default_factory=list)

    @property
    def label(self) -> str:
        return f"{self.day:%a %-d %b}"

    @property
    def middle(self) -> int:
        return self.y + 12


@dataclass(frozen=True)
class Mark:
    x: float
    y: int
    label: str
    anchor: str  # the start has its word before it, the due time behind it

    @property
    def text_x(self) -> float:
        return self.x + (4 if self.anchor == "start" else -4)

    @property
    def bottom(self) -> int:
        return self.y + BAR + 4


@dataclass(frozen=True)
class Chart:
    rows: list[Row]
    marks: list[Mark]
    hours: list[tuple[float, str]]
    height: int
    cut: bool  # later days are not drawn

    width: int = WIDTH
    left: int = MARGIN
    bar: int = BAR


def chart(walk: Walk, zone: ZoneInfo) -> Chart:
    first, end = walk.start.astimezone(zone).date(), _end(walk).astimezone(zone).date()
    count = min((end - first).days + 1, MOST_ROWS)
    rows = {first + n * DAY: Row(first + n * DAY, TOP + n * ROW) for n in range(count)}
    hours = _hours(walk, zone)
    _fill(rows, walk, zone, hours)
    ends = [("start", walk.start, "end")] + ([("due", walk.due, "start")] if walk.due else [])
    marks = [_mark(rows, hours, label, at.astimezone(zone), side) for label, at, side in ends]
    lines = [(_x(timedelta(hours=hour), hours), f"{hour:02}") for hour in range(hours[0], hours[1] + 1, STEP)]
    height = TOP + count * ROW + 4
    return Chart(list(rows.values()), [mark for mark in marks if mark], lines, height, end not in rows)


def _end(walk: Walk) -> datetime:
    return walk.due or (walk.steps[-1].closes if walk.steps else walk.start)


def _hours(walk: Walk, zone: ZoneInfo) -> Hours:
    """From the earliest to the latest hour of anything drawn, in whole steps."""
    reads = [_since_midnight(at.astimezone(zone)) for at in (walk.start, walk.due) if at]
    for step in walk.steps:
        for begin, end in _pieces(step.opens, step.closes, zone):
            midnight = datetime.combine(begin.date(), datetime.min.time())
            reads += [begin - midnight, end - midnight]
    size = timedelta(hours=STEP)
    low, high = min(reads) // size, -(-max(reads) // size)
    return STEP * low, STEP * max(high, low + 1)


def _fill(rows: dict[date, Row], walk: Walk, zone: ZoneInfo, hours: Hours) -> None:
    for step in walk.steps:
        for begin, end in _pieces(step.opens, step.closes, zone):
            if begin.date() in rows:
                rows[begin.date()].open.append(_span(begin, end, hours))
        for begin, end in _pieces(step.opens, step.opens + step.taken, zone):
            if begin.date() in rows:
                rows[begin.date()].taken.append(_span(begin, end, hours))


def _pieces(begin: datetime, end: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """What clocks on the wall read, by date: a window past midnight is two bars."""
    wall, stop = begin.astimezone(zone).replace(tzinfo=None), end.astimezone(zone).replace(tzinfo=None)
    while wall < stop:
        until = min(stop, datetime.combine(wall.date(), datetime.min.time()) + DAY)
        yield wall, until
        wall = until


def _span(begin: datetime, end: datetime, hours: Hours) -> Span:
    midnight = datetime.combine(begin.date(), datetime.min.time())
    x = _x(begin - midnight, hours)
    return x, round(_x(end - midnight, hours) - x, 1)


def _mark(rows: dict[date, Row], hours: Hours, label: str, wall: datetime, side: str) -> Mark | None:
    row = rows.get(wall.date())
    return Mark(_x(_since_midnight(wall), hours), row.y - 2, f"{label} {wall:%H:%M}", side) if row else None


def _since_midnight(wall: datetime) -> timedelta:
    return timedelta(hours=wall.hour, minutes=wall.minute, seconds=wall.second)


def _x(since_midnight: timedelta, hours: Hours) -> float:
    low, high = (timedelta(hours=hour) for hour in hours)
    return round(MARGIN + HOURS_WIDTH * ((since_midnight - low) / (high - low)), 1)
