"""When mails and messages leave: in their receiver's hours."""

from __future__ import annotations

from datetime import datetime

from accounts.models import User
from handoff.calendars import DAY, Calendar, as_utc, is_open, next_open
from handoff.models import Delivery, Notice, SlaPolicy, TeamHours

AT_ANY_HOUR = frozenset({Notice.ESCALATED})
Channel = Delivery.Channel


def leaves_at(kind: str, channel: str, hours: Calendar, now: datetime) -> datetime:
    """At once while the receiver works, else when they next do; an escalation may not wait.

    A digest leaves when the receiver's hours next begin, within a day for those who never close.
    """
    if kind in AT_ANY_HOUR and channel != Channel.DIGEST:
        return now
    if channel != Channel.DIGEST or not is_open(hours, now):
        return next_open(hours, now) or now
    covered = as_utc(now)
    for opens, closes in hours.windows_after(as_utc(now)):
        if opens > covered:
            return opens
        covered = closes
        if covered - now >= DAY:
            break
    return now + DAY


def hours_of(user: User) -> Calendar:
    """The calendar of the team, else that of the organisation's policy."""
    own = TeamHours.objects.filter(team=user.team).select_related("calendar").first() if user.team else None
    return Calendar.from_data((own.calendar if own else SlaPolicy.in_force().calendar).as_data())
