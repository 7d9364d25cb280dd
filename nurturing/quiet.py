"""The hours in which mails may go out, by the clock on the reader's wall. Pure.

Hours are a promise about that clock: no mail while it shows a time outside. So an hour that the clocks repeat may
be open, shut and open again, and one that they skip opens at the jump. `nurturing_shows` in the database says the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)
SHORT_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
NAME = re.compile(r"[A-Za-z]\w*(/[A-Za-z][\w-]*)+|Etc/GMT[+-]\d+|UTC", re.ASCII)
DAYS_AHEAD = 15  # a week, and another one when the clocks skip the only hour of the first


class Hours(NamedTuple):
    """From `opens` until before `closes` on the weekdays (0 is Monday) on which they open.

    Closing before opening is past midnight; both the same is the whole day.
    """

    days: Sequence[int] = EVERY_DAY
    opens: time = time(0)
    closes: time = time(0)

    def shows(self, local: datetime) -> bool:
        today, clock = local.weekday() in self.days, local.time()
        if self.opens == self.closes:
            return today
        if self.opens < self.closes:
            return today and self.opens <= clock < self.closes
        yesterday = (local.weekday() - 1) % 7 in self.days
        return (today and clock >= self.opens) or (yesterday and clock < self.closes)

    @property
    def words(self) -> str:
        """ "08:00–20:00, Mon–Fri"."""
        clock = "all day" if self.opens == self.closes else f"{self.opens:%H:%M}–{self.closes:%H:%M}"
        return clock if len(self.days) == 7 else f"{clock}, {_days_in_words(tuple(sorted(self.days)))}"


def zone_of(name: str, otherwise: str) -> tuple[ZoneInfo, bool]:
    """The zone of that name, and whether it is known; an unknown one gives the other."""
    known = _known().get(name.lower()) if NAME.fullmatch(name) else None
    return ZoneInfo(known or _known().get(otherwise.lower(), "UTC")), known is not None


def open_at(every: Sequence[Hours], at: datetime, zone: ZoneInfo) -> bool:
    """All of them are open."""
    local = at.astimezone(zone)
    return all(hours.shows(local) for hours in every)


def opens_next(every: Sequence[Hours], at: datetime, zone: ZoneInfo) -> datetime | None:
    """`at` itself when all are open, else the next instant at which they are; None when there is none."""
    if open_at(every, at, zone):
        return at
    for day in range(-1, DAYS_AHEAD):
        found = [instant for instant in _turns(every, at, zone, day) if instant > at]
        opening = min((instant for instant in found if open_at(every, instant, zone)), default=None)
        if opening is not None:
            return opening
    return None


def _turns(every: Sequence[Hours], at: datetime, zone: ZoneInfo, ahead: int) -> Iterator[datetime]:
    """Instants of that day at which something may open: an hour comes, or the clocks change."""
    day = at.astimezone(zone).date() + timedelta(days=ahead)
    for moment in {hours.opens for hours in every} | {time(0)}:
        for fold in (0, 1):
            yield datetime.combine(day, moment.replace(fold=fold), zone).astimezone(UTC)
    yield from _changes(day, zone)


def _changes(day: date, zone: ZoneInfo) -> Iterator[datetime]:
    low = datetime.combine(day, time(0), zone).astimezone(UTC)
    high = low + timedelta(days=1)
    before = _offset(low, zone)
    if before == _offset(high, zone):
        return
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        low, high = (middle, high) if _offset(middle, zone) == before else (low, middle)
    yield high


def _offset(at: datetime, zone: ZoneInfo) -> timedelta | None:
    return at.astimezone(zone).utcoffset()


def _days_in_words(days: tuple[int, ...]) -> str:
    if len(days) > 2 and days == tuple(range(days[0], days[-1] + 1)):
        return f"{SHORT_DAYS[days[0]]}–{SHORT_DAYS[days[-1]]}"
    return ", ".join(SHORT_DAYS[day] for day in days)


@lru_cache(maxsize=1)
def _known() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones()}
