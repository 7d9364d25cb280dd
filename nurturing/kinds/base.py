"""What a kind of step is, and the words that several kinds share. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from leads.kinds import describe
from nurturing import hours

Settings = Mapping[str, Any]
LONGEST_WAIT = 2 * 366 * 24 * 60  # minutes; two years
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
DEEDS = {"open": "opened", "click": "clicked"}


class Branch(NamedTuple):
    key: str
    words: str


@dataclass(frozen=True)
class Surroundings:
    """What settings may name: mails of the version by key, segments, campaigns and fields with their words."""

    mails: Mapping[str, str] = field(default_factory=dict)
    segments: Mapping[int, str] = field(default_factory=dict)
    campaigns: Mapping[int, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    dates: Mapping[str, str] = field(default_factory=dict)
    audiences: Mapping[int, str] = field(default_factory=dict)
    endpoints: Mapping[int, str] = field(default_factory=dict)
    arms_ever: frozenset[str] = frozenset()  # keys that ways of this split had in any version
    now: datetime | None = None  # to tell what is over
    own_fields: tuple[str, ...] = ()  # keys of custom fields, for merge fields
    pointed: frozenset[str] = frozenset()  # kinds of activity that the scoring model gives points for


@dataclass(frozen=True)
class Kind:
    """`starts`: the settings of a new one. `small`: drawn as one quiet line."""

    key: str
    label: str
    icon: str
    words: Callable[[Settings], str]
    problems: Callable[[Settings, Surroundings], list[str]]
    starts: Settings = field(default_factory=dict)
    branches: Callable[[Settings], list[Branch]] = lambda settings: []
    small: bool = False


def length(minutes: int) -> str:
    """ "5 days", "90 minutes": the largest unit that fits evenly."""
    for name, size in (("week", 10080), ("day", 1440), ("hour", 60)):
        if minutes and minutes % size == 0:
            return f"{minutes // size} {name}{'s' if minutes > size else ''}"
    return f"{minutes} minute{'s' if minutes != 1 else ''}"


def clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def window_words(window: hours.Window) -> str:
    if window.days == (0, 1, 2, 3, 4):
        days = "a weekday"
    elif len(window.days) == 7:
        days = "any day"
    else:
        days = ", ".join(DAYS[day] for day in window.days)
    return f"{days} {clock(window.opens)}–{clock(window.closes)}"


def event_words(event: Settings) -> str:
    """ "Clicked in a mail", "attended a webinar": what it waits or asks for."""
    if "mail" in event:
        return f"{DEEDS.get(str(event.get('did')), 'answered').capitalize()} the mail"
    words = describe(str(event.get("activity", ""))).label if event.get("activity") else "Nothing chosen yet"
    seconds = event.get("seconds")
    return f"{words} for {length(seconds // 60)} or more" if isinstance(seconds, int) and seconds else words


def minutes_problems(minutes: object, what: str) -> list[str]:
    if not isinstance(minutes, int) or isinstance(minutes, bool) or not 1 <= minutes <= LONGEST_WAIT:
        return [f"{what} lasts from one minute to two years."]
    return []
