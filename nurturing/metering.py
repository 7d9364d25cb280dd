"""How many mails may go now: two token buckets, one for a minute and one for an hour, and a brake. Pure.

Half of a limit is the bucket, the rest drips in: so no minute and no hour, wherever it begins, ever sees more than
its limit. The brake halves bucket and drip for each step; it loosens by itself with time.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

MINUTE, HOUR = 60, 3600  # seconds
MOST_SLOW = 6  # steps of the brake: a 64th of the speed
LOOSENS = timedelta(minutes=5)  # one step of the brake, when nobody refuses any more
FIRST_REST = timedelta(seconds=10)  # after one 421, doubled for each refusal in a row
LONGEST_REST = timedelta(minutes=30)
REFUSALS = 3  # in a row; from then on any of them makes the domain rest


class Limits(NamedTuple):
    per_minute: int
    per_hour: int
    connections: int


class Meter(NamedTuple):
    """What a domain or a sender has left at the moment `at`. `slow` counts steps of the brake since `slowed_at`."""

    minute: float
    hour: float
    at: datetime
    slow: int = 0
    slowed_at: datetime | None = None


class Taken(NamedTuple):
    number: int
    meter: Meter
    gap: timedelta  # between mails from now on


def full(limits: Limits, at: datetime) -> Meter:
    return Meter(_bucket(limits.per_minute), _bucket(limits.per_hour), at)


def take(meter: Meter, limits: Limits, wanted: int, now: datetime) -> Taken:
    """Up to `wanted`, no more than both buckets hold."""
    meter = refilled(meter, limits, now)
    number = max(0, min(wanted, int(meter.minute), int(meter.hour)))
    meter = meter._replace(minute=meter.minute - number, hour=meter.hour - number)
    drip = _drip(limits.per_hour, HOUR) if meter.hour < meter.minute else _drip(limits.per_minute, MINUTE)
    return Taken(number, meter, timedelta(seconds=2**meter.slow / drip))


def refilled(meter: Meter, limits: Limits, now: datetime) -> Meter:
    """The same at `now`. A clock that stepped back adds nothing."""
    slow = slowness(meter.slow, meter.slowed_at, now)
    seconds = max(0.0, (now - meter.at).total_seconds()) / 2**slow
    return Meter(
        minute=_level(meter.minute, limits.per_minute, MINUTE, seconds, slow),
        hour=_level(meter.hour, limits.per_hour, HOUR, seconds, slow),
        at=max(now, meter.at),
        slow=slow,
        slowed_at=meter.slowed_at if slow == meter.slow else now,
    )


def slowness(steps: int, since: datetime | None, now: datetime) -> int:
    """What is left of the brake."""
    if not steps or since is None:
        return 0
    return max(0, steps - max(0, (now - since) // LOOSENS))


def rest(refusals: int, *, hangs_up: bool) -> timedelta | None:
    """How long a domain is left alone after so many refusals in a row; 421 asks for a rest the first time."""
    if refusals < REFUSALS and not hangs_up:
        return None
    return min(LONGEST_REST, FIRST_REST * 2 ** min(refusals - 1, 10))


def _bucket(limit: int, slow: int = 0) -> int:
    return max(1, (limit // 2) >> slow)


def _drip(limit: int, seconds: int) -> float:
    return (limit - _bucket(limit) + 1) / seconds


def _level(tokens: float, limit: int, window: int, seconds: float, slow: int) -> float:
    return min(_bucket(limit, slow), tokens + seconds * _drip(limit, window))
