"""A webinar's next date for one lead, and the calendar file that says so (RFC 5545). Pure.

Weekly   at an hour of the lead's own day, at least a day after the mail was written
Once     one instant for everybody, in the zone it was announced in
Stable   the date is worked out from when the mail was queued, so every try carries the same file
Newer    its stamp is when the mail was queued and its sequence the version of the campaign, so a moved date replaces
         the old one in calendars, also an earlier one
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vCalAddress, vText

from nurturing import hours

Settings = Mapping[str, Any]
NOTICE = timedelta(days=1)


def starts(settings: Settings, queued_at: datetime, zone: ZoneInfo) -> datetime:
    """In UTC. Raises ValueError for settings that name no time."""
    weekly = settings.get("weekly")
    if weekly:
        window = hours.Window((int(weekly["day"]),), int(weekly["minute"]), int(weekly["minute"]) + 1)
        return hours.next_within(window, queued_at + NOTICE, zone).replace(second=0, microsecond=0)
    there = datetime.fromisoformat(str(settings["at"])).replace(
        tzinfo=hours.zone_of(str(settings.get("zone")))
    )
    return there.astimezone(UTC)


def over(settings: Settings, queued_at: datetime, zone: ZoneInfo, now: datetime) -> bool:
    """It has begun, so nobody is invited any more. Settings that name no time are said to be wrong elsewhere."""
    try:
        return starts(settings, queued_at, zone) <= now
    except (KeyError, ValueError, TypeError):
        return False


def words(at: datetime, zone: ZoneInfo) -> str:
    """ "Wednesday 2 December 2026, 10:00 (Europe/Oslo)"."""
    there = at.astimezone(zone)
    return f"{there:%A} {there.day} {there:%B %Y, %H:%M} ({zone.key})"


def calendar_file(
    settings: Settings,
    at: datetime,
    *,
    key: str,
    organiser: str,
    address: str,
    stamp: datetime,
    sequence: int,
) -> bytes:
    """One event. `key` names the webinar for this lead: a newer file with the same key replaces the older one."""
    event = Event()
    event.add("uid", f"{key}@{address.rpartition('@')[2]}")
    event.add("summary", str(settings["title"]))
    event.add("dtstamp", stamp.astimezone(UTC))
    event.add("sequence", sequence)
    event.add("dtstart", at)
    event.add("dtend", at + timedelta(minutes=int(settings["minutes"])))
    event.add("location", str(settings["url"]))
    event.add("url", str(settings["url"]))
    event.add("description", f"Join here: {settings['url']}")
    sender = vCalAddress(f"mailto:{address}")
    sender.params["cn"] = vText(organiser)
    event["organizer"] = sender
    calendar = Calendar()
    calendar.add("prodid", "-//Tandem//Webinars//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(event)
    return bytes(calendar.to_ical())
