"""A running clock: a promise that is paused, resumed, or moved to a team with other hours.

A pause is an interval cut out of the clock: what was worked before it counts, what is left runs on after it,
and a pause outside hours changes nothing. A clock that has fallen due stays due, whatever happens later. A
reassigned clock carries on: what is left is counted in the new calendar from the move. A clock that should
restart with its new owner, as a rep's accept clock does, is a new one: a plain `calendars.due` from the move.

Events may come in any order and twice: pausing what is paused, or resuming what runs, changes nothing. An
event at or before the start is in force from the start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from handoff.calendars import NONE, Calendar, CalendarError, as_utc, due_after, promise, working_time


@dataclass(frozen=True)
class Pause:
    at: datetime  # aware, as in all events


@dataclass(frozen=True)
class Resume:
    at: datetime


@dataclass(frozen=True)
class Reassign:
    at: datetime
    calendar: Calendar


ClockEvent = Pause | Resume | Reassign
Run = tuple[
    Calendar, datetime, datetime | None
]  # counted in this calendar, from, until (None: still running)


def due_with_events(
    calendar: Calendar, start: datetime, minutes: int, events: Iterable[ClockEvent]
) -> datetime | None:
    """The UTC instant at which the promise falls due; None if never, or while the clock stands paused."""
    return due_after_events(calendar, start, promise(minutes), events)


def due_after_events(
    calendar: Calendar, start: datetime, working: timedelta, events: Iterable[ClockEvent]
) -> datetime | None:
    """As `due_with_events`, for a share of a promise: half of 45 minutes is a warning after 22.5."""
    left = working
    for hours, begins, ends in _runs(calendar, start, events):
        moment = due_after(hours, begins, left)
        if ends is None or (moment is not None and moment <= ends):
            return moment
        left -= working_time(hours, begins, ends)
    return None


def worked(calendar: Calendar, start: datetime, end: datetime, events: Iterable[ClockEvent]) -> timedelta:
    """Working time counted from `start` to `end`; less the promise, it is how late an answer came."""
    end = as_utc(end)
    runs = _runs(calendar, start, events)
    return sum((working_time(hours, begins, min(ends or end, end)) for hours, begins, ends in runs), NONE)


def _runs(calendar: Calendar, start: datetime, events: Iterable[ClockEvent]) -> Iterator[Run]:
    """The stretches in which the clock runs, in order. Only the last may be open-ended."""
    begins, running = as_utc(start), True
    for event in sorted(events, key=lambda event: as_utc(event.at)):
        moment = as_utc(event.at)
        if moment > begins:
            if running:
                yield calendar, begins, moment
            begins = moment
        if isinstance(event, Reassign):
            calendar = event.calendar
        else:
            running = isinstance(event, Resume)
    if running:
        yield calendar, begins, None


def events_from_data(data: object, read_instant: Callable[[str], datetime]) -> list[ClockEvent]:
    """Read [{"at": ISO, "type": "pause" | "resume"}, {"at": ISO, "type": "reassign", "calendar": {…}}, …].

    `read_instant` makes an aware datetime of the text of an `at`, or raises ValueError. Raises CalendarError.
    """
    if not isinstance(data, list):
        raise CalendarError("events: not a list")
    return [_read_event(f"events[{n}]", item, read_instant) for n, item in enumerate(data)]


def _read_event(where: str, item: object, read_instant: Callable[[str], datetime]) -> ClockEvent:
    if not isinstance(item, dict):
        raise CalendarError(f"{where}: {item!r} is not an object")
    try:
        moment = read_instant(str(item.get("at")))
    except ValueError as error:
        raise CalendarError(f"{where}.at: {error}") from error
    match item.get("type"):
        case "pause":
            return Pause(moment)
        case "resume":
            return Resume(moment)
        case "reassign":
            return Reassign(moment, _read_calendar(where, item.get("calendar")))
    raise CalendarError(f"{where}.type: {item.get('type')!r} is not pause, resume or reassign")


def _read_calendar(where: str, data: object) -> Calendar:
    try:
        return Calendar.from_data(data)
    except CalendarError as error:
        raise CalendarError(f"{where}.calendar: {error}") from error
