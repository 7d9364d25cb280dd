"""The manager's board: who has how much, whose clocks are at risk, who is away, and what waits for a rep.

Nobody is compared on fewer than ENOUGH answers. An acceptance stands beside what was to be expected for leads of
the same fit, so that whoever gets the harder leads does not look worse for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Window
from django.db.models.functions import RowNumber, Substr

from accounts.models import User
from handoff.decisions import Obstacle, Seat, obstacle
from handoff.faces import Face, face
from handoff.models import Absence, Handoff, Holding, SlaClock
from handoff.services.seats import seats_at

SHOWN = 6  # leads a rep; the inbox shows them all
REPS = 12  # a page
HELD = 10
LEFT = 10  # people; whoever comes after them is shown once their leads are moved
ENOUGH = 10  # answers
PERIOD = timedelta(days=90)
Kind = SlaClock.Kind


@dataclass(frozen=True)
class Card:
    handoff: Handoff
    sla: Face | None


@dataclass(frozen=True)
class Record:
    """Answers of the last 90 days. `expected`: acceptances the whole team would have had from such leads."""

    answered: int = 0
    accepted: int = 0
    expected: float = 0.0

    @property
    def enough(self) -> bool:
        return self.answered >= ENOUGH

    @property
    def share(self) -> int:
        return round(100 * self.accepted / self.answered) if self.answered else 0


@dataclass(frozen=True)
class Column:
    rep: User
    seat: Seat
    obstacle: Obstacle | None
    record: Record
    counts: Mapping[str, int] = field(default_factory=dict)
    cards: Sequence[Card] = ()
    absences: Sequence[Absence] = ()

    @property
    def away(self) -> bool:
        """The absence itself stands below, with its times."""
        return bool(self.obstacle and self.obstacle.words.startswith("away"))

    @property
    def hidden(self) -> int:
        return self.counts.get("shown", 0) - len(self.cards)

    @property
    def full(self) -> bool:
        return self.seat.max_open is not None and self.seat.open >= self.seat.max_open


@dataclass(frozen=True)
class Leaver:
    """Somebody who left, or sells no more, and whose leads nobody works."""

    rep: User
    open: int
    cards: Sequence[Card]

    @property
    def hidden(self) -> int:
        return self.open - len(self.cards)


def columns(user: Any, reps: Sequence[User], now: datetime) -> list[Column]:
    """One a rep, in their order; the same number of queries however many leads there are."""
    seats = {seat.rep: seat for seat in seats_at(now, loads=True)}
    ids = [rep.pk for rep in reps if rep.pk in seats]
    counts, cards = _counts(user, ids, now), _cards(user, ids, now)
    known, away = records(now), _absences(ids, now)
    return [
        Column(
            rep,
            seats[rep.pk],
            obstacle(seats[rep.pk], now),
            known.get(rep.pk, Record()),
            counts.get(rep.pk, {}),
            cards.get(rep.pk, []),
            away.get(rep.pk, []),
        )
        for rep in reps
        if rep.pk in seats
    ]


def leavers(user: Any, now: datetime) -> list[Leaver]:
    """People who are active reps no more, with the leads that stayed behind; 3 queries, or 1 when there are none."""
    left = Handoff.objects.visible_to(user).live().filter(cycle__closed_at=None)
    left = left.exclude(rep__in=User.objects.reps())
    counts = dict(left.order_by().values_list("rep").annotate(n=Count("pk")).order_by("-n", "rep")[:LEFT])
    if not counts:
        return []
    place = Window(RowNumber(), partition_by=F("rep"), order_by=(F("offered_at").asc(), F("pk").asc()))
    oldest = left.filter(rep__in=counts).annotate(place=place).filter(place__lte=SHOWN)
    shown = list(oldest.with_people().order_by("offered_at", "pk"))
    running = (
        SlaClock.objects.running().filter(handoff__in=shown).order_by(F("due_at").desc(nulls_first=True))
    )
    first = {clock.handoff_id: clock for clock in running}  # the last one wins: the one due first
    cards: dict[User, list[Card]] = {}
    for handoff in shown:
        clock = first.get(handoff.pk)
        cards.setdefault(handoff.rep, []).append(Card(handoff, face(clock, now) if clock else None))
    return [Leaver(rep, counts[rep.pk], cards[rep]) for rep in sorted(cards, key=lambda rep: -counts[rep.pk])]


def _clocks(user: Any, reps: Iterable[int]) -> QuerySet[SlaClock]:
    """What a rep still owes: an answer, or the first touch."""
    clocks = SlaClock.objects.visible_to(user).running().filter(cycle__closed_at=None)
    return clocks.filter(
        kind__in=(Kind.ACCEPT, Kind.FIRST_TOUCH),
        handoff__rep__in=list(reps),
        handoff__rejected_at=None,
        handoff__withdrawn_at=None,
    )


def _counts(user: Any, reps: list[int], now: datetime) -> dict[int, dict[str, int]]:
    risk = Q(nearly_at__lte=now) & (Q(due_at=None) | Q(due_at__gt=now))
    rows = _clocks(user, reps).order_by().values_list("handoff__rep")
    rows = rows.annotate(
        shown=Count("pk"), at_risk=Count("pk", filter=risk), late=Count("pk", filter=Q(due_at__lte=now))
    )
    working = Handoff.objects.visible_to(user).being_worked().filter(rep__in=reps, withdrawn_at=None)
    worked = dict(working.order_by().values_list("rep").annotate(n=Count("pk")))
    clocks: dict[int, dict[str, int]]
    clocks = {row[0]: dict(zip(("shown", "at_risk", "late"), row[1:], strict=True)) for row in rows}
    return {rep: {**clocks.get(rep, {}), "working": worked.get(rep, 0)} for rep in reps}


def _cards(user: Any, reps: list[int], now: datetime) -> dict[int, list[Card]]:
    first = (F("due_at").asc(nulls_last=True), F("pk").asc())
    place = Window(RowNumber(), partition_by=F("handoff__rep"), order_by=first)
    related = ("handoff__rep", "handoff__cycle", "handoff__lead__company", "handoff__lead__score")
    clocks = _clocks(user, reps).annotate(place=place).filter(place__lte=SHOWN).select_related(*related)
    found: dict[int, list[Card]] = defaultdict(list)
    for clock in clocks.order_by(*first):
        if clock.handoff:
            found[clock.handoff.rep_id].append(Card(clock.handoff, face(clock, now)))
    return found


def _absences(reps: list[int], now: datetime) -> dict[int, list[Absence]]:
    coming = Absence.objects.filter(Q(ends_at=None) | Q(ends_at__gt=now), rep__in=reps)
    found: dict[int, list[Absence]] = defaultdict(list)
    for absence in coming.select_related("cover").order_by("starts_at", "pk"):
        found[absence.rep_id].append(absence)
    return found


def records(now: datetime) -> dict[int, Record]:
    """{rep id: their record}; 1 query."""
    answered = Q(accepted_at__gt=now - PERIOD) | Q(rejected_at__gt=now - PERIOD)
    rows = Handoff.objects.filter(answered).values_list("rep", Substr("cycle__band", 1, 1))
    counted = rows.annotate(
        answered=Count("pk"), accepted=Count("pk", filter=Q(accepted_at__isnull=False))
    ).order_by()
    return compared(list(counted))


def compared(rows: Sequence[tuple[int, str, int, int]]) -> dict[int, Record]:
    """From (rep, fit band, answered, accepted)."""
    team: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for _, band, answered, accepted in rows:
        team[band] = [team[band][0] + answered, team[band][1] + accepted]
    sums: dict[int, list[float]] = defaultdict(lambda: [0, 0, 0.0])
    for rep, band, answered, accepted in rows:
        share = team[band][1] / team[band][0]
        for place, value in enumerate((answered, accepted, answered * share)):
            sums[rep][place] += value
    return {rep: Record(int(a), int(b), round(c, 1)) for rep, (a, b, c) in sums.items()}


def waiting() -> QuerySet[Holding]:
    """Leads that nobody could take, the oldest first."""
    held = Holding.objects.filter(released_at=None, cycle__closed_at=None)
    return held.select_related("cycle__lead__company", "cycle__lead__score").order_by("held_at", "pk")
