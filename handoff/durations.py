"""How a clock reads: its state, its words, its ring.

Units   seconds of working time, so that a promise stands still at night; a day is 24 of those hours unless the
        caller says how many make a working day. Percent is the share of the promise that is left
Clock   callers pass `now`; nothing here reads the time or the database
Words   minutes are whole ones and the begun one is left out: nobody is promised time that is not there.
        The browser repeats these words while it counts down, so a change here belongs there too
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

State = Literal["ok", "soon", "over", "paused", "met", "missed"]
Tone = Literal["good", "warn", "bad"]

MINUTE = 60
HOUR = 60 * MINUTE
HALF_USED = 50  # percent left
MOSTLY_USED = 20


def left_words(seconds: float, *, hours_a_day: int = 24) -> str:
    """18 min left, 1 h 05 min left, 2 d 3 h left; at nothing left and below, 12 min overdue."""
    words = duration_words(abs(seconds), hours_a_day=hours_a_day)
    return f"{words} left" if seconds > 0 else f"{words} overdue"


def met_words(seconds: float, *, hours_a_day: int = 24) -> str:
    """Met in 21 min: from the start of the clock to the answer."""
    return f"Met in {duration_words(seconds, hours_a_day=hours_a_day)}"


def missed_words(seconds: float, *, hours_a_day: int = 24) -> str:
    """Missed by 40 min: from the due instant to the answer."""
    return f"Missed by {duration_words(seconds, hours_a_day=hours_a_day)}"


def duration_words(seconds: float, *, hours_a_day: int = 24) -> str:
    """The two largest units, without one that is nothing. `seconds` is not negative."""
    hours, minutes = divmod(int(seconds) // MINUTE, 60)
    days, rest = divmod(hours, hours_a_day)
    if days:
        return f"{days} d {rest} h" if rest else f"{days} d"
    if hours:
        return f"{hours} h {minutes:02} min" if minutes else f"{hours} h"
    return f"{minutes} min" if minutes else "under 1 min"


def percent_left(left: float, promised: float) -> int:
    """0 to 100, for the ring, from seconds. Rounded up: the last sliver goes only when nothing is left."""
    if left <= 0 or promised <= 0:
        return 0
    return min(100, -int(-100 * left // promised))


def ring_tone(percent: int) -> Tone:
    """Green, amber once half the promise is used, red once four fifths are."""
    if percent <= MOSTLY_USED:
        return "bad"
    return "warn" if percent <= HALF_USED else "good"


def clock_state(
    *,
    now: datetime,
    due: datetime | None,
    percent: int,
    met: datetime | None = None,
    breached: datetime | None = None,
    paused: bool = False,
) -> State:
    """`percent` is what is left of the promise; `due` is None while paused, or if it never comes.

    A late answer is missed although it was given. A breach shows from the due instant on, even before it has
    been recorded, and a pause does not hide it.
    """
    if met:
        return "missed" if breached or (due and met > due) else "met"
    if breached or (due and now >= due):
        return "over"
    if paused or due is None:
        return "paused"
    return "soon" if percent <= HALF_USED else "ok"
