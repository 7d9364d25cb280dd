"""How a clock looks: state, words and ring, as the `sla` tag draws them. Pure; callers pass `now`.

Time left is working time by the calendar that the clock started with; the browser counts on only while that
calendar is open.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

import orjson

from handoff.calendars import Calendar, is_open, working_time
from handoff.durations import MINUTE, clock_state, duration_words, left_words, percent_left
from handoff.models import SlaClock


@dataclass(frozen=True)
class Face:
    state: str  # ok, soon, over, met, missed, paused
    words: str
    percent: int = 0  # of the promised time, what is left
    due_at: datetime | None = None
    left: int | None = None  # working seconds; negative once overdue
    running: bool = False  # whether working time passes right now
    promise: str = ""


def face(clock: SlaClock | None, now: datetime, *, met: str = "Met") -> Face | None:
    """`met` is the word once the promise was kept. None for no clock, or one that was called off."""
    if clock is None or clock.cancelled_at:
        return None
    if clock.met_at:
        return _ended(clock, met)
    if clock.is_paused(now) and not clock.breached_at:
        return _paused(clock)
    if clock.due_at is None:
        return Face("paused", "No due time", promise="The calendar of this promise never opens.")
    return _running(clock, clock.due_at, now)


def _ended(clock: SlaClock, met: str) -> Face:
    late = clock.breached_at is not None
    words = f"{met}, {_late_by(clock)}" if late else met
    return Face("missed" if late else "met", words, due_at=clock.due_at, promise=promise_words(clock))


def _late_by(clock: SlaClock) -> str:
    """In working time; a moment too late is late."""
    if clock.due_at is None or clock.met_at is None:
        return "late"
    late = working_time(read_calendar(clock.calendar), clock.due_at, clock.met_at)
    return f"{duration_words(late.total_seconds())} late"


def _paused(clock: SlaClock) -> Face:
    until = f" until {clock.resumes_at:%-d %b}" if clock.resumes_at else ""
    return Face("paused", f"Paused{until}", due_at=clock.due_at, promise=promise_words(clock))


def _running(clock: SlaClock, due_at: datetime, now: datetime) -> Face:
    left = seconds_left(clock, due_at, now)
    percent = percent_left(left, clock.minutes * MINUTE)
    state = clock_state(now=now, due=due_at, percent=percent, breached=clock.breached_at)
    words = left_words(left if state != "over" else min(left, 0))
    opened = is_open(read_calendar(clock.calendar), now)
    return Face(state, words, percent, due_at, left, opened, promise_words(clock))


def seconds_left(clock: SlaClock, due_at: datetime, now: datetime) -> int:
    """Working seconds until due, negative after it."""
    calendar = read_calendar(clock.calendar)
    if now <= due_at:
        return int(working_time(calendar, now, due_at).total_seconds())
    return -int(working_time(calendar, due_at, now).total_seconds())


def chips(reason: str) -> list[str]:
    """Why a lead qualified, as scoring wrote it when the cycle opened: one chip a part.

    Parts are divided by semicolons, or by commas where there is none.
    """
    parts = reason.split(";" if ";" in reason else ", ")
    return [part.strip().rstrip(".") for part in parts if part.strip()]


def promise_words(clock: SlaClock) -> str:
    return f"Promise {duration_words(clock.minutes * MINUTE)} of working time"


def worked(clock: SlaClock, until: datetime) -> timedelta:
    """Working time from the start of the clock until then."""
    return working_time(read_calendar(clock.calendar), clock.started_at, until)


def read_calendar(data: object) -> Calendar:
    return _parsed(orjson.dumps(data, option=orjson.OPT_SORT_KEYS))


@lru_cache(maxsize=64)
def _parsed(data: bytes) -> Calendar:
    return Calendar.from_data(orjson.loads(data))
