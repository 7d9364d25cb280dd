"""All gates for one mail, in words with the value each saw. Pure.

Says what the conditions of nurturing.gates say, gate by gate: a property test compares the two. A stop beats a wait;
a wait ends at the first instant at which every gate that only waits is open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from nurturing import quiet
from nurturing.quiet import Hours

PASS, WAIT, STOP = "passed", "deferred", "suppressed"
DAY, WEEK = timedelta(days=1), timedelta(days=7)
LOOK_AGAIN = timedelta(minutes=5)  # a paused campaign
NEXT_TURN = timedelta(minutes=15)  # behind a more important mail, which is on its way or moved by then
NEVER_OPEN = timedelta(days=1)  # hours that no week has: looked at again, until patience ends
ROUNDS = 20  # of caps and hours pushing each other on


class Line(NamedTuple):
    gate: str
    verdict: str
    words: str
    until: datetime | None = None


@dataclass(frozen=True)
class Situation:
    """What the gates see of one mail. `blocks` are lines of gates that the database alone can answer."""

    now: datetime
    queued_at: datetime
    zone: ZoneInfo
    zone_known: bool
    ours: Hours | None = None
    own: Hours | None = None
    state: str = "active"
    ended: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    goal_words: str = ""
    goal_reached: bool = False
    blocks: Sequence[Line] = ()
    rests: bool = False  # the lead asked for a pause
    rests_until: datetime | None = None
    cap_day: int | None = None
    cap_week: int | None = None
    sent: Sequence[datetime] = ()  # newest first, of the last seven days
    ahead: Sequence[str] = ()  # campaigns of more important mails that are due
    patience: timedelta | None = None

    @property
    def every(self) -> list[Hours]:
        return [hours for hours in (self.ours, self.own) if hours is not None]

    def clock(self, at: datetime) -> str:
        """ "Mon 23 Nov, 08:00 in Oslo"."""
        return f"{at.astimezone(self.zone):%a %-d %b, %H:%M} {self.place}"

    @property
    def place(self) -> str:
        city = self.zone.key.rsplit("/", 1)[-1].replace("_", " ")
        return f"in {city}" if self.zone_known else f"in {city}, as the lead's zone is not known"


class Verdict(NamedTuple):
    """What follows for the mail. `line` is the gate that decided."""

    kind: str
    line: Line | None = None
    until: datetime | None = None


def weigh(it: Situation) -> list[Line]:
    """Every gate's line, in the order in which a person asks."""
    return [
        _run(it),
        _state(it),
        _window(it),
        _goal(it),
        *it.blocks,
        _pause(it),
        _hours(it),
        _cap(it),
        _turn(it),
    ]


def verdict(it: Situation, lines: Sequence[Line]) -> Verdict:
    stop = next((line for line in lines if line.verdict == STOP), None)
    if stop is not None:
        return Verdict(STOP, stop)
    waits = [line for line in lines if line.verdict == WAIT]
    if not waits:
        return Verdict(PASS)
    decisive = max(waits, key=lambda line: line.until or it.now)
    until = _all_open(it, max(line.until or it.now for line in waits))
    return _in_time(it, decisive, until)


def _in_time(it: Situation, line: Line, until: datetime) -> Verdict:
    """A mail that would have to wait for too long is not sent, and says so."""
    if it.ends_at and until >= it.ends_at:
        words = f"{line.words} The campaign ends before, on {it.clock(it.ends_at)}."
        return Verdict(STOP, Line(line.gate, STOP, words))
    if it.patience and until > it.queued_at + it.patience:
        words = f"{line.words} That is more than the {it.patience.days} days that a mail may wait."
        return Verdict(STOP, Line(line.gate, STOP, words))
    return Verdict(WAIT, line, until)


def _run(it: Situation) -> Line:
    if it.ended:
        return Line("run", STOP, f"No longer in the campaign: {it.ended[:1].lower()}{it.ended[1:]}.")
    return Line("run", PASS, "In the campaign.")


def _state(it: Situation) -> Line:
    if it.state == "active":
        return Line("campaign", PASS, "The campaign runs.")
    if it.state == "paused":
        return Line("campaign", WAIT, "The campaign is paused.", it.now + LOOK_AGAIN)
    return Line("campaign", STOP, "The campaign has ended.")


def _window(it: Situation) -> Line:
    if it.starts_at and it.now < it.starts_at:
        return Line("window", WAIT, f"The campaign starts on {it.clock(it.starts_at)}.", it.starts_at)
    if it.ends_at and it.now >= it.ends_at:
        return Line("window", STOP, f"The campaign's time was over on {it.clock(it.ends_at)}.")
    ends = f" until {it.clock(it.ends_at)}" if it.ends_at else " without an end date"
    return Line("window", PASS, f"Within the campaign's time,{ends}.")


def _goal(it: Situation) -> Line:
    if it.goal_reached:
        return Line("goal", STOP, f"Reached the goal: {it.goal_words}.")
    return Line("goal", PASS, f"Has not reached the goal ({it.goal_words}).")


def _pause(it: Situation) -> Line:
    if not it.rests:
        return Line("pause", PASS, "Did not ask for a pause.")
    if it.rests_until is None or it.rests_until <= it.now:
        return Line("pause", WAIT, "Asked for a pause.", it.now + NEVER_OPEN)
    return Line("pause", WAIT, f"Asked for a pause until {it.clock(it.rests_until)}.", it.rests_until)


def _hours(it: Situation) -> Line:
    clock = f"{it.now.astimezone(it.zone):%H:%M} {it.place}"
    if not it.every:
        return Line("hours", PASS, f"No quiet hours are set. It was {clock}.")
    if quiet.open_at(it.every, it.now, it.zone):
        return Line("hours", PASS, f"{clock}, within {_hours_words(it)}.")
    opens = quiet.opens_next(it.every, it.now, it.zone)
    if opens is None:
        return Line("hours", WAIT, f"{_hours_words(it)}: these hours never come.", it.now + NEVER_OPEN)
    return Line("hours", WAIT, f"{clock}, quiet until {it.clock(opens)}.", opens)


def _hours_words(it: Situation) -> str:
    return " and the campaign's ".join(hours.words for hours in it.every)


def _cap(it: Situation) -> Line:
    counts = [_count_words(it, *limit) for limit in _limits(it)]
    if not counts:
        return Line("cap", PASS, "No cap on mails is set.")
    opens = _room_at(it, it.now)
    if opens == it.now:
        return Line("cap", PASS, f"{'; '.join(counts)}.")
    full = [_count_words(it, *limit) for limit in _limits(it) if _in_last(it, it.now, limit[1]) >= limit[0]]
    return Line("cap", WAIT, f"{'; '.join(full)}, next possible on {it.clock(opens)}.", opens)


def _turn(it: Situation) -> Line:
    """Only what the caps leave room for can be taken away by a more important mail."""
    short = [most for most, span in _limits(it) if 0 < most - _in_last(it, it.now, span) <= len(it.ahead)]
    if not it.ahead or not _limits(it) or not short:
        return Line("turn", PASS, "No more important mail of another campaign needs the room.")
    others = ", ".join(dict.fromkeys(it.ahead))[:120]
    words = f"The caps leave room for {min(short)}, and a more important mail goes first: {others}."
    return Line("turn", WAIT, words, it.now + NEXT_TURN)


def _limits(it: Situation) -> list[tuple[int, timedelta]]:
    both = ((it.cap_day, DAY), (it.cap_week, WEEK))
    return [(most, span) for most, span in both if most is not None]


def _in_last(it: Situation, at: datetime, span: timedelta) -> int:
    return sum(1 for sent in it.sent if at - span < sent)


def _count_words(it: Situation, most: int, span: timedelta) -> str:
    """ "2 of 2 mails in the last 7 days"."""
    length = "24 hours" if span == DAY else "7 days"
    return f"{_in_last(it, it.now, span)} of {most} mail{'s' if most != 1 else ''} in the last {length}"


def _room_at(it: Situation, at: datetime) -> datetime:
    """The first instant from `at` on at which all caps leave room, if nothing else is sent."""
    for most, span in _limits(it):
        if len(it.sent) >= most > 0:
            at = max(at, it.sent[most - 1] + span)
    return at


def _all_open(it: Situation, at: datetime) -> datetime:
    for _ in range(ROUNDS):
        later = max(_room_at(it, at), it.starts_at or at)
        later = quiet.opens_next(it.every, later, it.zone) or later
        if later == at:
            break
        at = later
    return at
