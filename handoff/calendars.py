"""Working time: when a team is open, and when a promise of so many working minutes falls due.

Source   field rules for SLA due times; the walk is interval algebra on UTC instants
Units    promises are whole minutes, results aware UTC datetimes or timedelta; never a bare number of hours
Clock    callers pass every instant; nothing here reads the time, the settings or the database
Errors   CalendarError (a ValueError) for a calendar that cannot be read, naming the field;
         ValueError for a naive or absurd instant and for a negative promise

How the days are read:

- Windows are half-open, [open, close). A start at the close belongs to the next window; a promise that fits
  exactly is due at the close. A close before its open is the next day's; equal ends mean closed.
- A window belongs to the local date on which it opens. A holiday closes the windows that open on that date:
  the tail of the night shift begun the evening before is still worked, and the holiday's own is not.
- An exception replaces the windows that open on its date, and wins over a holiday.
- A holiday is exactly the date listed: nothing moves to Monday. "MM-DD" recurs, "02-29" in leap years only.
- A window lasts from the first instant at which clocks in the zone read its open until the first at which
  they read its close. It is worth real elapsed time: 00:00-06:00 is five hours in spring, seven in autumn.
  An edge that clocks skip is met when they jump; an edge that they read twice is met the first time.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Self
from zoneinfo import ZoneInfo, available_timezones

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FIELDS = ("tz", "weekly", "holidays", "exceptions")

# Far beyond any promise, near enough that a calendar which hardly opens still answers at once.
HORIZON = timedelta(days=50 * 366)
UNREACHABLE = 2 * HORIZON // timedelta(minutes=1)  # a longer promise is as much never due as this one
YEARS = range(1900, 9001)  # outside them the walk could leave the years that datetime knows

DAY = timedelta(days=1)
NONE = timedelta(0)

Window = tuple[timedelta, timedelta]  # open and close, since local midnight; the close is after the open
Interval = tuple[datetime, datetime]  # UTC instants, half-open


class CalendarError(ValueError):
    """A calendar that cannot be read, or never opens. The message begins with the field at fault."""


@dataclass(frozen=True)
class Calendar:
    zone: ZoneInfo
    weekly: tuple[tuple[Window, ...], ...]  # Monday first
    holidays: frozenset[date] = frozenset()
    yearly_holidays: frozenset[tuple[int, int]] = frozenset()  # month and day
    exceptions: Mapping[date, tuple[Window, ...]] = field(default_factory=dict, hash=False)

    @classmethod
    def from_data(cls, data: object) -> Self:
        """Read {"tz": …, "weekly": {"mon": [["09:00", "17:00"]]}, "holidays": [date], "exceptions": {…}}.

        Days not named are closed; holidays and exceptions may be left out. Raises CalendarError.
        """
        fields = _mapping("calendar", data)
        for name in fields:
            _require(
                name in FIELDS, str(name), f"is not a field of a calendar, which has {', '.join(FIELDS)}"
            )
        for name in ("tz", "weekly"):
            _require(name in fields, name, "is missing")
        holidays = [
            _read_holiday(f"holidays[{n}]", text)
            for n, text in _items("holidays", fields.get("holidays", []))
        ]
        return cls(
            zone=_read_zone("tz", fields["tz"]),
            weekly=_read_weekly("weekly", fields["weekly"]),
            holidays=frozenset(day for day in holidays if isinstance(day, date)),
            yearly_holidays=frozenset(day for day in holidays if isinstance(day, tuple)),
            exceptions=_read_exceptions("exceptions", fields.get("exceptions", {})),
        )

    def validate(self, now: datetime) -> None:
        """Refuse a calendar on which no promise could fall due from `now` (aware) on. Raises CalendarError."""
        if next_open(self, now) is None:
            raise CalendarError("weekly: no day has opening hours, so nothing would ever fall due")

    def instant(self, wall: datetime) -> datetime:
        """The first UTC instant at which clocks in the zone read `wall` (naive), or have jumped over it."""
        first, second = wall.replace(tzinfo=self.zone), wall.replace(tzinfo=self.zone, fold=1)
        before, after = first.utcoffset(), second.utcoffset()
        if before is None or after is None or after <= before:
            return first.astimezone(UTC)
        # Skipped: read with the offset after the jump it comes too early, with the one before it too late.
        early, seconds = second.astimezone(UTC), int((after - before).total_seconds())
        return early + timedelta(seconds=bisect_left(range(seconds), True, key=self._jumped_since(early)))

    def _jumped_since(self, instant: datetime) -> Callable[[int], bool]:
        before = instant.astimezone(self.zone).utcoffset()
        return lambda s: (instant + timedelta(seconds=s)).astimezone(self.zone).utcoffset() != before

    def windows_on(self, day: date) -> tuple[Window, ...]:
        """The windows that open on this local date."""
        special = self.exceptions.get(day)
        if special is not None:
            return special
        if day in self.holidays or (day.month, day.day) in self.yearly_holidays:
            return ()
        return self.weekly[day.weekday()]

    def windows_after(self, start: datetime) -> Iterator[Interval]:
        """What is open from `start` (UTC) on, in order and without overlap, until the horizon.

        Windows may touch: a calendar that never closes yields its days one by one, not one endless window.
        """
        covered = start
        for day in self._days_from(start):
            midnight = datetime.combine(day, time.min)
            for opens, closes in self.windows_on(day):
                opening = max(self.instant(midnight + opens), covered)
                covered = max(self.instant(midnight + closes), covered)
                if opening < covered:  # not, when past, skipped by the clocks, or inside the one before
                    yield opening, covered

    def _days_from(self, start: datetime) -> Iterator[date]:
        # Two days back: last night's window may still be open, and a zone may have jumped a date since.
        day = start.astimezone(self.zone).date() - 2 * DAY
        last = day + HORIZON
        if not any(self.weekly):
            last = min(last, max(self.exceptions, default=day))
        while day <= last:
            yield day
            day += DAY


def due(calendar: Calendar, start: datetime, minutes: int) -> datetime | None:
    """The UTC instant at which `minutes` of working time have passed since `start` (aware); None if never.

    Zero minutes fall due at once when open, otherwise at the next opening. So due(a + b) is due(due(a), b)
    for every b above zero; with b = 0 they differ when due(a) is a close, at which nothing new can begin.
    """
    return due_after(calendar, start, promise(minutes))


def due_after(calendar: Calendar, start: datetime, working: timedelta) -> datetime | None:
    """As `due`, for a promise or a rest of one that is not whole minutes."""
    left = working
    for opens, closes in calendar.windows_after(as_utc(start)):
        if closes - opens >= left:
            return opens + left
        left -= closes - opens
    return None


def working_time(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """Working time from `start` to `end` (both aware). Nothing when the end is not after the start."""
    return sum((closes - opens for opens, closes in _open_between(calendar, start, end)), NONE)


def working_seconds(calendar: Calendar, start: datetime, end: datetime) -> float:
    return working_time(calendar, start, end).total_seconds()


def working_minutes(calendar: Calendar, start: datetime, end: datetime) -> int:
    """Whole working minutes, the begun one left out."""
    return working_time(calendar, start, end) // timedelta(minutes=1)


def open_windows(calendar: Calendar, start: datetime, end: datetime) -> list[Interval]:
    """The open stretches from `start` to `end`, clipped to them; windows that touch are one stretch."""
    stretches: list[Interval] = []
    for opens, closes in _open_between(calendar, start, end):
        if stretches and stretches[-1][1] == opens:
            opens = stretches.pop()[0]
        stretches.append((opens, closes))
    return stretches


def is_open(calendar: Calendar, moment: datetime) -> bool:
    return next_open(calendar, moment) == as_utc(moment)


def next_open(calendar: Calendar, moment: datetime) -> datetime | None:
    """`moment` itself when open, otherwise the next opening, in UTC; None if there is none."""
    return due_after(calendar, moment, NONE)


def promise(minutes: int) -> timedelta:
    if minutes < 0:
        raise ValueError("minutes: a promise cannot be negative")
    return timedelta(minutes=min(minutes, UNREACHABLE))


def as_utc(moment: datetime) -> datetime:
    """Sums are made in UTC: Python subtracts two datetimes of one zone by the clock on the wall."""
    if moment.utcoffset() is None:
        raise ValueError(f"{moment.isoformat()} has no time zone")
    if moment.year not in YEARS:
        raise ValueError(f"{moment.isoformat()} is outside the years {YEARS[0]} to {YEARS[-1]}")
    return moment.astimezone(UTC)


def _open_between(calendar: Calendar, start: datetime, end: datetime) -> Iterator[Interval]:
    start, end = as_utc(start), as_utc(end)
    for opens, closes in calendar.windows_after(start):
        if opens >= end:
            return
        yield opens, min(closes, end)


# Reading a calendar. `where` is the path of the field, for the person who has to mend it.


def _require(fine: bool, where: str, fault: str) -> None:
    if not fine:
        raise CalendarError(f"{where}: {fault}")


def _mapping(where: str, value: object) -> Mapping[object, object]:
    if not isinstance(value, Mapping):
        raise CalendarError(f"{where}: {value!r} is not an object")
    return value


def _items(where: str, value: object) -> Iterable[tuple[int, object]]:
    if not isinstance(value, list | tuple):
        raise CalendarError(f"{where}: {value!r} is not a list")
    return enumerate(value)


def _read_zone(where: str, name: object) -> ZoneInfo:
    if not isinstance(name, str) or name not in known_zones():
        raise CalendarError(f"{where}: {name!r} is not a known IANA time zone, such as Europe/Oslo or UTC")
    return ZoneInfo(name)


@cache
def known_zones() -> frozenset[str]:
    """Places, and UTC. The data also hold files such as localtime and Factory, which are nowhere."""
    return frozenset(name for name in available_timezones() if "/" in name) | {"UTC"}


def _read_weekly(where: str, value: object) -> tuple[tuple[Window, ...], ...]:
    week = _mapping(where, value)
    for day in week:
        _require(day in DAYS, f"{where}.{day}", f"is not a day; days are {', '.join(DAYS)}")
    return tuple(_read_windows(f"{where}.{day}", week.get(day, [])) for day in DAYS)


def _read_exceptions(where: str, value: object) -> dict[date, tuple[Window, ...]]:
    return {
        _read_date(f"{where}.{day}", day): _read_windows(f"{where}.{day}", windows)
        for day, windows in _mapping(where, value).items()
    }


def _read_windows(where: str, value: object) -> tuple[Window, ...]:
    """In order of opening, which the walk relies on. A window of no length is no window."""
    windows = (_read_window(f"{where}[{n}]", pair) for n, pair in _items(where, value))
    return tuple(sorted(window for window in windows if window is not None))


def _read_window(where: str, value: object) -> Window | None:
    pair = [item for _, item in _items(where, value)]
    _require(len(pair) == 2, where, f"{value!r} is not an opening and a closing time")
    opens, closes = (_read_time(f"{where}[{n}]", text) for n, text in enumerate(pair))
    _require(opens < DAY, f"{where}[0]", "24:00 can only close a window")
    if opens == closes:
        return None
    return opens, closes if closes > opens else closes + DAY


def _read_time(where: str, text: object) -> timedelta:
    found = re.fullmatch(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00", text) if isinstance(text, str) else None
    if found is None:
        raise CalendarError(f"{where}: {text!r} is not a time from 00:00 to 24:00")
    hours, minutes = found.groups()
    return timedelta(hours=int(hours), minutes=int(minutes)) if hours else DAY


def _read_holiday(where: str, text: object) -> date | tuple[int, int]:
    if full := _date_of(text):
        return full
    if yearly := _date_of(f"2000-{text}"):  # a leap year, so that 02-29 passes
        return yearly.month, yearly.day
    raise CalendarError(f"{where}: {text!r} is not a date like 2026-12-25, nor 12-25 for every year")


def _read_date(where: str, text: object) -> date:
    found = _date_of(text)
    if found is None:
        raise CalendarError(f"{where}: {text!r} is not a date like 2026-12-25")
    return found


def _date_of(text: object) -> date | None:
    if not isinstance(text, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
