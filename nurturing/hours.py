"""Times of the day in somebody's own zone: the next moment inside a window. Pure.

Half-open windows in minutes after midnight, local time; a window may run past midnight (22:00 to 06:00). An
hour that the clocks skip does not exist: the window then opens at the first minute after it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAY = 24 * 60


class Window(NamedTuple):
    """Weekdays (0 is Monday) on which it opens; minutes after midnight of opening and closing."""

    days: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    opens: int = 0
    closes: int = DAY


def zone_of(name: str, otherwise: str = "UTC") -> ZoneInfo:
    """The zone of that name; a name that is none gives the other."""
    for candidate in (name, otherwise):
        try:
            return ZoneInfo(candidate)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return ZoneInfo("UTC")


def within(window: Window, at: datetime, zone: ZoneInfo) -> bool:
    return any(opens <= at < closes for opens, closes in _openings(window, at, zone))


def next_within(window: Window, at: datetime, zone: ZoneInfo) -> datetime:
    """`at` itself when it is inside, else the next opening, in UTC. Raises ValueError for a window that never opens."""
    at = at.astimezone(UTC)
    for opens, closes in _openings(window, at, zone):
        if at < closes:
            return max(at, opens)
    raise ValueError("This window never opens.")


def working_days_after(at: datetime, days: int, zone: ZoneInfo, window: Window) -> datetime:
    """The same time of day that many days of the window later; a start outside of it counts from its next opening."""
    start = next_within(window, at, zone).astimezone(zone)
    day = start.date()
    for _ in range(days):
        day += timedelta(days=1)
        while day.weekday() not in window.days:
            day += timedelta(days=1)
    return _instant(day, start.hour * 60 + start.minute, zone)


def read(written: object) -> Window | None:
    """A window as kept in settings, {"days": [0, 1], "opens": 480, "closes": 600}; None when it is none."""
    if not isinstance(written, dict):
        return None
    days, opens, closes = written.get("days"), written.get("opens", 0), written.get("closes", DAY)
    if not isinstance(days, Collection) or not all(_is_minute(value) for value in (opens, closes)):
        return None
    kept = tuple(sorted({day for day in days if day in range(7)}))
    return Window(kept, opens, closes) if kept and opens != closes else None


def _is_minute(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= DAY


def _openings(window: Window, at: datetime, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
    """As UTC instants, from the day before `at` for nine days: every window comes round in that time."""
    today = at.astimezone(zone).date()
    found = []
    for day in (today + timedelta(days=n) for n in range(-1, 9)):
        if day.weekday() in window.days:
            closes = window.closes if window.closes > window.opens else window.closes + DAY
            span = (_instant(day, window.opens, zone), _instant(day, closes, zone))
            if span[0] < span[1]:
                found.append(span)
    return found


def _instant(day: object, minutes: int, zone: ZoneInfo) -> datetime:
    later, minute = divmod(minutes, DAY)
    local = datetime.combine(day, time(minute // 60, minute % 60)) + timedelta(days=later)  # type: ignore[arg-type]
    there = local.replace(tzinfo=zone).astimezone(UTC)
    if there.astimezone(zone).replace(tzinfo=None) != local:  # skipped by the clocks: the moment they jump
        return _jump(there, zone)
    return there


def _jump(near: datetime, zone: ZoneInfo) -> datetime:
    """The instant at which the offset changes, within some hours of `near`."""
    low, high = near - timedelta(hours=26), near + timedelta(hours=26)
    low = low.replace(second=0, microsecond=0)
    before = low.astimezone(zone).utcoffset()
    while high - low > timedelta(minutes=1):
        middle = low + (high - low) // 2
        middle = middle.replace(second=0, microsecond=0)
        if middle.astimezone(zone).utcoffset() == before:
            if middle == low:
                break
            low = middle
        else:
            high = middle
    return high
