"""Days that a calendar works on. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from handoff.calendars import Calendar, working_time

DAY = timedelta(days=1)
FARTHEST = 800  # days looked at; a calendar closed for longer than two years promises nothing


def workdays_later(calendar: Calendar, start: datetime, days: int) -> datetime:
    """The same local time, that many working days on; days without opening hours do not count."""
    local = start.astimezone(calendar.zone)
    day = local.date()
    for _ in range(FARTHEST):
        if days <= 0:
            break
        day += DAY
        opens, closes = (datetime.combine(each, time(), tzinfo=calendar.zone) for each in (day, day + DAY))
        days -= bool(working_time(calendar, opens, closes))
    return datetime.combine(day, local.time(), tzinfo=calendar.zone).astimezone(UTC)
