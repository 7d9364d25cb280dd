"""What would have been: past offers decided anew, by other rules, with the same function that decides today.

Only rules and turns differ from what was. A lead comes when it came, and its rep is busy with it for as long as the
real rep was; seats, limits, hours and absences are those on record now. A lead that nobody can take waits, and is
tried again when the next one comes. Credits begin at nothing, for every pool.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from handoff.decisions import Decision, LeadFacts, Route, Seat, decide

STUCK = 5  # waiting leads in a row that find nobody; the others are asked with the next lead


@dataclass(frozen=True)
class Past:
    """One offer as it was. `free_at`: when it was answered or taken back; None while it is open."""

    id: int
    at: datetime
    rep: int
    facts: LeadFacts
    company: int | None = None
    free_at: datetime | None = None


@dataclass
class Replay:
    """`decided` by the id of the offer; those still waiting at the end are in `held`."""

    decided: dict[int, Decision] = field(default_factory=dict)
    held: list[Past] = field(default_factory=list)

    def shares(self) -> Counter[int]:
        return Counter(found.rep for found in self.decided.values() if found.rep is not None)


def replay(
    past: Iterable[Past], routes: Sequence[Route], seats: Sequence[Seat], zones: Mapping[int, str]
) -> Replay:
    """`past` by time. `zones` by rep: in which zone their day begins."""
    return _Story(routes, seats, {rep: ZoneInfo(zone) for rep, zone in zones.items()}).told(past)


@dataclass
class _Story:
    routes: Sequence[Route]
    seats: Sequence[Seat]
    zones: Mapping[int, ZoneInfo]
    credits: dict[str, Mapping[int, int]] = field(default_factory=dict)
    busy: dict[int, list[datetime | None]] = field(default_factory=lambda: defaultdict(list))
    today: Counter[tuple[int, date]] = field(default_factory=Counter)
    owners: dict[int, int] = field(default_factory=dict)

    def told(self, past: Iterable[Past]) -> Replay:
        found = Replay()
        for offer in past:
            self._try_waiting(found, offer.at)
            if not self._place(offer, offer.at, found):
                found.held.append(offer)
        return found

    def _try_waiting(self, found: Replay, now: datetime) -> None:
        left, stuck = [], 0
        for offer in found.held:
            if stuck < STUCK and self._place(offer, now, found):
                stuck = 0
            else:
                left.append(offer)
                stuck += 1
        found.held = left

    def _place(self, offer: Past, now: datetime, found: Replay) -> bool:
        owner = offer.facts.owner or self.owners.get(offer.company or 0)
        facts = replace(offer.facts, owner=owner)
        decision = decide(facts, self.routes, self._seats(now), self.credits, now)
        if decision.rep is None:
            return False
        found.decided[offer.id] = decision
        self._take(offer, decision, now)
        return True

    def _take(self, offer: Past, decision: Decision, now: datetime) -> None:
        rep = decision.rep or 0
        if decision.credits:
            self.credits[decision.pool] = decision.credits
        took = offer.free_at and now + (offer.free_at - offer.at)
        self.busy[rep].append(took)
        self.today[rep, self._day(rep, now)] += 1
        if offer.company:
            self.owners[offer.company] = rep

    def _seats(self, now: datetime) -> list[Seat]:
        return [
            replace(
                seat, open=self._open(seat.rep, now), today=self.today[seat.rep, self._day(seat.rep, now)]
            )
            for seat in self.seats
        ]

    def _open(self, rep: int, now: datetime) -> int:
        self.busy[rep] = [until for until in self.busy[rep] if until is None or until > now]
        return len(self.busy[rep])

    def _day(self, rep: int, now: datetime) -> date:
        return now.astimezone(self.zones[rep]).date()
