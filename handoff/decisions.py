"""Who gets a lead, and why: the first rule that holds and has somebody who can take it.

One function answers for an offer, for a look ahead and for a simulation. Everything it needs is passed in: facts
about the lead, rules in their order, seats with their load, credits of the pools, and the instant.

Pools   a team, or everybody in the rotation; each keeps credits of its own (see `turns`)
Cover   stands in where a rule names the person who is away; in a pool the next in turn goes instead, so that one
        stand-in never gets the turns of everybody on holiday
Refused whoever rejected this lead before is passed over while somebody else can take it
Held    nobody can take it: it waits, with the next time at which somebody may
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

from handoff.calendars import Calendar, next_open
from handoff.turns import Place, leads_owed, take_turn
from scoring.conditions import Verdict, all_of, verdict
from scoring.language import Condition

Target = Literal["rep", "team", "everybody", "owner", "queue"]
Credits = Mapping[str, Mapping[int, int]]

EVERYBODY = "everybody"
OWED_WHEN_BUSY = 1  # leads a rep is owed at most for the hours in which they were closed or full
BECAUSE = 300  # characters


@dataclass(frozen=True)
class Away:
    """An absence. `until` None: nobody knows yet."""

    since: datetime
    until: datetime | None = None
    cover: int | None = None
    most_owed: int = 2  # leads

    def holds(self, now: datetime) -> bool:
        return self.since <= now and (self.until is None or now < self.until)


@dataclass(frozen=True)
class Seat:
    """An active rep. `open` and `today` are counted only where a limit asks for them."""

    rep: int
    name: str
    team: int | None = None
    weight: int = 1
    active: bool = True  # takes turns
    calendar: Calendar | None = None  # None: at work around the clock
    max_open: int | None = None
    max_today: int | None = None
    open: int = 0
    today: int = 0
    absences: tuple[Away, ...] = ()

    def away(self, now: datetime) -> Away | None:
        return next((away for away in self.absences if away.holds(now)), None)


@dataclass(frozen=True)
class Route:
    """A rule of the house. `hold`: if nobody can take the lead it waits, instead of trying the next rule."""

    name: str
    target: Target
    conditions: tuple[Condition, ...] = ()
    rep: int | None = None
    team: int | None = None
    team_name: str = ""
    hold: bool = False
    id: int | None = None


LAST = Route("Everybody in turn", "everybody", hold=True)  # what no rule decided


@dataclass(frozen=True)
class LeadFacts:
    """`owner`: the rep who has the lead's company, if any. `refusers` rejected this lead before."""

    values: Mapping[str, Any] = field(default_factory=dict)
    owner: int | None = None
    refusers: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Obstacle:
    """Why a rep cannot take a lead now. `over_at`: when that ends, if anybody knows."""

    words: str
    over_at: datetime | None = None
    most_owed: int | None = None


@dataclass(frozen=True)
class Candidate:
    rep: int
    name: str
    words: str  # empty for whoever could have taken it
    owed: float | None = None  # leads, before this one; None where no turn is taken


@dataclass(frozen=True)
class Step:
    rule: str
    words: str


@dataclass(frozen=True)
class Decision:
    """`rep` None: held. `credits` of `pool` replace the old ones; empty when no turn was taken."""

    rep: int | None
    route: Route
    because: str
    steps: tuple[Step, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    pool: str = ""
    credits: Mapping[int, int] = field(default_factory=dict)
    next_at: datetime | None = None


def decide(
    facts: LeadFacts, routes: Sequence[Route], seats: Sequence[Seat], credits: Credits, now: datetime
) -> Decision:
    """`seats` are all active reps, in a fixed order."""
    table = _Table({seat.rep: seat for seat in seats}, credits, facts, now)
    steps: list[Step] = []
    for route in (*routes, LAST):
        missed = _missed(route.conditions, facts.values)
        if missed:
            steps.append(Step(route.name, f"does not apply: {missed}"))
            continue
        found = table.served_by(route)
        steps.append(Step(route.name, found.because))
        if found.rep is not None or route.hold or route.target == "queue":
            return replace(found, steps=tuple(steps))
    raise AssertionError("the last route holds")


def pool_of(route: Route) -> str:
    return f"team:{route.team}" if route.target == "team" else EVERYBODY


def members(pool: str, seats: Iterable[Seat]) -> list[Seat]:
    """Who takes turns in a pool."""
    turns = [seat for seat in seats if seat.active and seat.weight > 0]
    return turns if pool == EVERYBODY else [seat for seat in turns if f"team:{seat.team}" == pool]


def obstacle(seat: Seat, now: datetime) -> Obstacle | None:
    """What keeps this rep from taking any lead at this instant."""
    away = seat.away(now)
    if away:
        until = f" until {moment(away.until)}" if away.until else ""
        return Obstacle(f"away{until}", away.until, away.most_owed)
    if seat.max_open is not None and seat.open >= seat.max_open:
        return Obstacle(f"full, {seat.open} of {seat.max_open} offers unanswered", None, OWED_WHEN_BUSY)
    if seat.max_today is not None and seat.today >= seat.max_today:
        return Obstacle(f"has had {seat.today} of {seat.max_today} offers today", None, OWED_WHEN_BUSY)
    opens = _opens(seat.calendar, now) if seat.calendar else now
    if opens != now:
        words = f"not at work until {moment(opens)}" if opens else "never at work"
        return Obstacle(words, opens, OWED_WHEN_BUSY)
    return None


def moment(at: datetime) -> str:
    return f"{at:%a %-d %b %H:%M} {at.tzname()}"


@lru_cache(maxsize=512)
def _opens(calendar: Calendar, now: datetime) -> datetime | None:
    return next_open(calendar, now)


def _missed(conditions: Iterable[Condition], values: Mapping[str, Any]) -> str:
    """The first condition that does not hold, in words; a blank value meets none but "is not known"."""
    for condition in conditions:
        found = verdict(condition, values.get(condition.field))
        if all_of([found]) < Verdict.LOOSE:
            value = values.get(condition.field)
            said = "is not known" if found == Verdict.OPEN else f"is {value}"
            return f"{condition.field.removeprefix('custom.').replace('_', ' ')} {said}"
    return ""


@dataclass(frozen=True)
class _Table:
    """All that is known at the instant of one decision."""

    seats: Mapping[int, Seat]
    credits: Credits
    facts: LeadFacts
    now: datetime

    def served_by(self, route: Route) -> Decision:
        if route.target == "queue":
            return Decision(None, route, "It waits here until a colleague chooses a rep.")
        if route.target in ("rep", "owner"):
            return self._by_name(route, route.rep if route.target == "rep" else self.facts.owner)
        return self._by_turn(route)

    def _by_name(self, route: Route, rep: int | None) -> Decision:
        seat = self.seats.get(rep) if rep is not None else None
        if seat is None:
            nobody = "nobody has this company yet" if rep is None else "no longer an active sales rep"
            return Decision(None, route, f"{_capital(nobody)}.")
        found = self._hindered(seat)
        mine = Candidate(seat.rep, seat.name, found.words if found else "")
        if found is None:
            words = "has this company." if route.target == "owner" else "named there."
            return Decision(seat.rep, route, f"Rule “{route.name}”: {words}", candidates=(mine,))
        return self._by_cover(route, seat, mine, found)

    def _by_cover(self, route: Route, seat: Seat, mine: Candidate, found: Obstacle) -> Decision:
        away = seat.away(self.now)
        cover = self.seats.get(away.cover) if away and away.cover is not None else None
        hindered = self._hindered(cover) if cover else None
        if cover is None:
            words = f"{seat.name}: {found.words}."
            return Decision(None, route, words, candidates=(mine,), next_at=found.over_at)
        other = Candidate(cover.rep, cover.name, hindered.words if hindered else "")
        if hindered:
            words = f"{seat.name}: {found.words}. {cover.name}, who stands in: {hindered.words}."
            return Decision(
                None, route, words, candidates=(mine, other), next_at=_earliest([found, hindered])
            )
        words = f"Rule “{route.name}” names {seat.name}, who is {found.words}; stands in."
        return Decision(cover.rep, route, words[:BECAUSE], candidates=(mine, other))

    def _by_turn(self, route: Route) -> Decision:
        pool = pool_of(route)
        seats = members(pool, self.seats.values())
        hindered = {seat.rep: obstacle(seat, self.now) for seat in seats}
        free = {seat.rep for seat in seats if hindered[seat.rep] is None}
        willing = free - self.facts.refusers or free
        places = [self._place(pool, seat, hindered[seat.rep], seat.rep in willing) for seat in seats]
        turn = take_turn(places)
        candidates = self._candidates(seats, places, hindered, willing)
        if turn is None:
            words, at = _nobody(seats, hindered), _earliest(filter(None, hindered.values()))
            return Decision(None, route, words, candidates=candidates, pool=pool, next_at=at)
        again = turn.rep in self.facts.refusers
        words = _your_turn(route, self.seats[turn.rep], places, candidates, again=again)
        return Decision(turn.rep, route, words, (), candidates, pool, turn.credits)

    def _place(self, pool: str, seat: Seat, found: Obstacle | None, free: bool) -> Place:
        credit = self.credits.get(pool, {}).get(seat.rep, 0)
        return Place(seat.rep, seat.weight, credit, free, found.most_owed if found else None)

    def _candidates(
        self,
        seats: list[Seat],
        places: list[Place],
        hindered: Mapping[int, Obstacle | None],
        willing: set[int],
    ) -> tuple[Candidate, ...]:
        owed = leads_owed(places)
        said = {rep: found.words for rep, found in hindered.items() if found}
        refused = {seat.rep: "rejected this lead before" for seat in seats if seat.rep not in willing}
        words = refused | said
        return tuple(
            Candidate(seat.rep, seat.name, words.get(seat.rep, ""), round(owed[seat.rep], 2))
            for seat in seats
        )

    def _hindered(self, seat: Seat) -> Obstacle | None:
        if seat.rep in self.facts.refusers:
            return Obstacle("rejected this lead before")
        return obstacle(seat, self.now)


def _your_turn(
    route: Route, seat: Seat, places: list[Place], candidates: Iterable[Candidate], *, again: bool
) -> str:
    """`again`: the lead goes back to somebody who did not want it, which must be read first."""
    whole = sum(place.weight for place in places)
    where = f" in {route.team_name}" if route.target == "team" and route.team_name else ""
    rule = f"Rule “{route.name}”" if route.id else "Round robin"
    words = f"{rule}: next in turn{where}, with {seat.weight} of every {whole} leads."
    if again:
        words = f"{seat.name} did not want this lead before, but nobody else is free. {words}"
    skipped = [f"{candidate.name} ({candidate.words})" for candidate in candidates if candidate.words]
    if skipped:
        words += f" Passed over: {', '.join(skipped)}."
    return words if len(words) <= BECAUSE else f"{words[: BECAUSE - 1]}…"


def _nobody(seats: list[Seat], hindered: Mapping[int, Obstacle | None]) -> str:
    if not seats:
        return "Nobody takes turns here."
    said = [f"{seat.name}: {found.words}" for seat in seats if (found := hindered[seat.rep])]
    more = f", and {len(said) - 4} more" if len(said) > 4 else ""
    return f"Nobody can take it now. {'; '.join(said[:4])}{more}."


def _earliest(found: Iterable[Obstacle]) -> datetime | None:
    return min((item.over_at for item in found if item.over_at), default=None)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
