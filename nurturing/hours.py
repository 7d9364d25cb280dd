"""Hours of the day as steps keep them, in minutes after midnight, and what follows from them. Pure.

The clock on somebody's wall, with its skipped and repeated hours, is nurturing.quiet's.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from nurturing import quiet

DAY = 24 * 60
MORNING = time(9)  # of somebody's day, when a date is all that is known
OUR_TIME = range(1900, 2200)


class Window(NamedTuple):
    """Weekdays (0 is Monday) on which it opens; minutes after midnight of opening and closing (1440 is midnight).

    Closing before opening is past midnight.
    """

    days: tuple[int, ...] = quiet.EVERY_DAY
    opens: int = 0
    closes: int = DAY

    @property
    def hours(self) -> quiet.Hours:
        return quiet.Hours(self.days, _time(self.opens), _time(self.closes))


def zone_of(name: str, otherwise: str = "UTC") -> ZoneInfo:
    """The zone of that name; a name that is none gives the other."""
    return quiet.zone_of(name, otherwise)[0]


def within(window: Window, at: datetime, zone: ZoneInfo) -> bool:
    return quiet.open_at([window.hours], at, zone)


def next_within(window: Window, at: datetime, zone: ZoneInfo) -> datetime:
    """`at` itself when it is inside, else the next opening, in UTC. Raises ValueError for a window that never opens."""
    opens = quiet.opens_next([window.hours], at, zone)
    if opens is None:
        raise ValueError("This window never opens.")
    return opens.astimezone(UTC)


def days_before(written: object, days: int, zone: ZoneInfo) -> datetime | None:
    """The morning of the day that many days before a date as a field has it; None when that is no date, or none of
    our time: what is typed may be any text."""
    try:
        day = date.fromisoformat(str(written)[:10]) - timedelta(days=days)
    except (ValueError, OverflowError):
        return None
    if day.year not in OUR_TIME:
        return None
    return datetime.combine(day, MORNING, zone).astimezone(UTC)


def working_days_after(at: datetime, days: int, zone: ZoneInfo, window: Window) -> datetime:
    """The same time of day that many days of the window later; a start outside of it counts from its next opening."""
    due = next_within(window, at, zone).astimezone(zone)
    for _ in range(days):
        due += timedelta(days=1)  # of the wall clock, so the time of day stays
        while due.weekday() not in window.days:
            due += timedelta(days=1)
    return due.astimezone(UTC)


def read(written: object) -> Window | None:
    """A window as kept in settings, {"days": [0, 1], "opens": 480, "closes": 600}; None when it is none."""
    if not isinstance(written, dict):
        return None
    days, opens, closes = written.get("days"), written.get("opens", 0), written.get("closes", DAY)
    if not isinstance(days, Collection) or not all(_is_minute(value) for value in (opens, closes)):
        return None
    kept = tuple(sorted({day for day in days if day in range(7)}))
    return Window(kept, opens, closes) if kept and opens != closes else None


def _time(minutes: int) -> time:
    return time(minutes % DAY // 60, minutes % 60)


def _is_minute(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= DAY
