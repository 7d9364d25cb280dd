"""Calendars and instants that the calendar tests share."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from handoff.calendars import DAYS, Calendar

WORKDAYS = DAYS[:5]


def calendar(tz="America/New_York", windows=(("09:00", "17:00"),), days=WORKDAYS, weekly=None, **rest):
    """Office hours on workdays, unless told otherwise. `weekly` changes single days."""
    week = {day: [list(window) for window in windows] for day in days} | (weekly or {})
    return Calendar.from_data({"tz": tz, "weekly": week, **rest})


def around_the_clock(tz="America/New_York", **rest):
    return calendar(tz, [("00:00", "24:00")], DAYS, **rest)


def at(text, tz="UTC"):
    """An ISO time on clocks in `tz`, as a UTC instant."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(tz)).astimezone(UTC)


def new_york(text):
    return at(text, "America/New_York")
