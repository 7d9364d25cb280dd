"""Who may send how fast, in rows that all workers share.

    admit   before a batch: how many mails of each domain may go now, with slots for those under way at once; the
            others get their turn as a time
    refused a domain said 421 or 4xx: it gets less, and rests when that goes on
    carried it takes mails again: the brake loosens

Truth   one row a domain and one a sender, locked in the order of their keys; the database's clock
Never   drops a mail. Whoever does not get through has a time for the next try
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import connection, transaction

from nurturing import ledger, metering
from nurturing.metering import Limits, Meter
from nurturing.models import Throttle, ThrottleSlot, ThrottleState
from nurturing.models.throttles import EVERY

DEFAULTS = {
    "domain": Limits(per_minute=1_000, per_hour=20_000, connections=8),
    "sender": Limits(per_minute=5_000, per_hour=200_000, connections=1_000),
}
BUSY = timedelta(seconds=5)  # until another worker's slot may be free
HORIZON = timedelta(minutes=15)  # nobody gets a turn later than this, so that a raised limit is soon felt
STEP = timedelta(seconds=5)  # refusals of mails under way at the same time pull the brake once

LOAD = """
SELECT key, minute, hour, at, slow, slowed_at, refusals, closed_until, answer, next_free FROM nurturing_throttlestate
WHERE key = ANY(%s) ORDER BY key FOR UPDATE
"""
SAVE = """
UPDATE nurturing_throttlestate SET (minute, hour, at, slow, slowed_at, next_free) = (%s, %s, %s, %s, %s, %s)
WHERE key = %s
"""


class Grant(NamedTuple):
    """What one domain gets: so many mails now in so many slots, the rest at `turns`, and why they wait."""

    number: int
    slots: list[int]
    turns: list[datetime]
    slow: bool = False
    why: str = ""


def domain_of(address: str) -> str:
    return address.rpartition("@")[2].strip().lower()


def admit(wanted: Mapping[str, int], *, sender: str, room: Mapping[str, int]) -> dict[str, Grant]:
    """`wanted`: mails for each domain. `room`: slots wanted, at most; one is enough for any number of mails."""
    if not settings.MAIL_THROTTLES:
        return {domain: Grant(number, [0] * room[domain], []) for domain, number in wanted.items()}
    with transaction.atomic():
        return _Round(wanted, sender.lower()).grants(room)


@transaction.atomic
def turns(domain: str, number: int) -> list[datetime]:
    """Times for mails of a domain that was closed after they had been let through."""
    if not settings.MAIL_THROTTLES:
        return [_clock() + BUSY] * number
    the_round = _Round({domain: number}, "")
    later = the_round.put_off(f"domain:{domain}", number)
    the_round.save()
    return later


def free(slots: Iterable[int]) -> None:
    if slots := [slot for slot in slots if slot]:
        ThrottleSlot.objects.filter(pk__in=slots).delete()


@transaction.atomic
def refused(domain: str, answer: str, *, hangs_up: bool) -> bool:
    """Pulls the brake. True when the domain is to be left alone for a while."""
    if not settings.MAIL_THROTTLES:
        return False
    state, now = _locked_state(domain)
    state.refusals, state.answer = min(state.refusals + 1, 1_000), answer[:300]
    if state.slowed_at is None or now - state.slowed_at >= STEP or not state.slow:
        state.slow = min(metering.slowness(state.slow, state.slowed_at, now) + 1, metering.MOST_SLOW)
        state.slowed_at = now
    rest = metering.rest(state.refusals, hangs_up=hangs_up)
    if rest is not None:
        state.closed_until = max(now + rest, state.closed_until or now)
    state.save()
    return rest is not None


@transaction.atomic
def carried(domain: str) -> bool:
    """One step looser. True when nothing is left of the brake."""
    if not settings.MAIL_THROTTLES:
        return True
    state, now = _locked_state(domain)
    state.slow = max(0, metering.slowness(state.slow, state.slowed_at, now) - 1)
    state.slowed_at, state.refusals = now, 0
    state.save()
    return not state.slow


def limits_for(keys: Iterable[str]) -> dict[str, Limits]:
    """By key ("domain:gmail.com"): the admin's row, else the admin's row for all others, else the usual."""
    keys = list(keys)
    names = [EVERY, *(key.partition(":")[2] for key in keys)]
    rows = {
        f"{row.kind}:{row.name}": Limits(row.per_minute, row.per_hour, row.connections)
        for row in Throttle.objects.filter(name__in=names)
    }
    return {key: _limits(rows, key) for key in keys}


def _limits(rows: Mapping[str, Limits], key: str) -> Limits:
    kind = key.partition(":")[0]
    return rows.get(key) or rows.get(f"{kind}:{EVERY}") or DEFAULTS[kind]


class _Round:
    """The rows of some domains and of the sender, locked, and what this round does to them."""

    def __init__(self, wanted: Mapping[str, int], sender: str) -> None:
        self.wanted, self.sender = wanted, f"sender:{sender}"
        keys = [f"domain:{domain}" for domain in wanted] + ([self.sender] if sender else [])
        self.limits = limits_for(keys)
        self.states = {state.key: state for state in _load(self.limits)}
        self.now = _clock()
        self.meters = {
            key: metering.refilled(_meter(state), self.limits[key], self.now)
            for key, state in self.states.items()
        }
        self.held = _held(keys, self.now)

    def grants(self, room: Mapping[str, int]) -> dict[str, Grant]:
        left = self._of_sender()
        found = {}
        for domain, number in self.wanted.items():
            found[domain] = grant = self._grant(domain, min(number, left), number, room[domain])
            left -= grant.number
            self._take(self.sender, grant.number)
        self.save()
        return found

    def _grant(self, domain: str, allowed: int, wanted: int, room: int) -> Grant:
        key = f"domain:{domain}"
        state, limits = self.states[key], self.limits[key]
        spare = min(room, limits.connections - self.held[key])
        closed = state.closed_until is not None and state.closed_until > self.now
        number = self._take(key, 0 if closed or spare < 1 else allowed)
        slots = _take_slots(key, min(spare, number), self.now) if number else []
        slow = bool(self.meters[key].slow or state.refusals)
        left = wanted - number
        if spare < 1 and not closed:
            return Grant(0, [], [self.now + BUSY] * left, slow, f"Enough mails to {domain} are under way.")
        by_sender = number == allowed and not closed
        later = self.put_off(self.sender if by_sender else key, left)
        return Grant(number, slots, later, slow, self._why(domain, closed=closed, by_sender=by_sender))

    def put_off(self, key: str, number: int) -> list[datetime]:
        """One after the other at the pace of the domain or sender, after those who wait already."""
        if number < 1:
            return []
        state = self.states[key]
        gap = metering.take(self.meters[key], self.limits[key], 0, self.now).gap
        first = max(self.now + gap, state.closed_until or self.now)
        last = first + HORIZON
        start = min(max(first, state.next_free or first), last)
        times = [min(start + place * gap, last) for place in range(number)]
        state.next_free = min(times[-1] + gap, last)
        return times

    def _take(self, key: str, number: int) -> int:
        taken = metering.take(self.meters[key], self.limits[key], number, self.now)
        self.meters[key] = taken.meter
        return taken.number

    def save(self) -> None:
        rows = [
            (m.minute, m.hour, m.at, m.slow, m.slowed_at, self.states[key].next_free, key)
            for key, m in self.meters.items()
        ]
        with connection.cursor() as cursor:
            cursor.executemany(SAVE, rows)

    def _of_sender(self) -> int:
        meter = self.meters[self.sender]
        return metering.take(meter, self.limits[self.sender], 10**6, self.now).number

    def _why(self, domain: str, *, closed: bool, by_sender: bool) -> str:
        if closed:
            return f"{domain} asked for a pause: {self.states[f'domain:{domain}'].answer}"
        if by_sender:
            return f"Held back for the limits of {self.sender.partition(':')[2]}."
        return f"Held back for the limits of {domain}."


def _load(limits: Mapping[str, Limits]) -> list[ThrottleState]:
    keys = list(limits)
    states = list(ThrottleState.objects.raw(LOAD, [keys]))
    if len(states) < len(keys):
        now, known = _clock(), {state.key for state in states}
        fresh = [(key, metering.full(limits[key], now)) for key in keys if key not in known]
        ThrottleState.objects.bulk_create(
            [ThrottleState(key=key, minute=m.minute, hour=m.hour, at=m.at) for key, m in sorted(fresh)],
            ignore_conflicts=True,
        )
        states = list(ThrottleState.objects.raw(LOAD, [keys]))
    return states


def _locked_state(domain: str) -> tuple[ThrottleState, datetime]:
    key = f"domain:{domain}"
    (state,) = _load(limits_for([key]))
    return state, _clock()


def _meter(state: ThrottleState) -> Meter:
    return Meter(state.minute, state.hour, state.at, state.slow, state.slowed_at)


def _held(keys: list[str], now: datetime) -> Counter[str]:
    slots = ThrottleSlot.objects.filter(state__in=keys)
    slots.filter(lease_until__lte=now).delete()
    return Counter(slots.values_list("state_id", flat=True))


def _take_slots(key: str, number: int, now: datetime) -> list[int]:
    rows = [ThrottleSlot(state_id=key, lease_until=now + ledger.LEASE) for _ in range(number)]
    return [slot.pk for slot in ThrottleSlot.objects.bulk_create(rows)]


def _clock() -> datetime:
    """The database's, now: after the rows were locked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment
