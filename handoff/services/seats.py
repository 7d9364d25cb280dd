"""Reps as routing sees them: seats with limits, hours, absences and load."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Count, Q

from accounts.models import User
from handoff.calendars import Calendar
from handoff.decisions import Away, Seat
from handoff.models import Absence, BusinessCalendar, Handoff, RoundRobinSeat, TeamHours


class Person(NamedTuple):
    seat: Seat
    zone: str


def seats_at(now: datetime, *, loads: bool = False) -> list[Seat]:
    """Active reps in a fixed order, with their load. `loads`: count for everybody, limit or not."""
    return with_loads(people_at(now), now, everybody=loads)


def people_at(now: datetime) -> list[Person]:
    """Active reps without load: what other offers do not change."""
    return _people(Q(starts_at__lte=now) & (Q(ends_at=None) | Q(ends_at__gt=now)))


def people_ever() -> list[Person]:
    """With every absence, for a simulation of the past."""
    return _people(Q())


def with_loads(people: Sequence[Person], now: datetime, *, everybody: bool = False) -> list[Seat]:
    """Counted where a limit asks for it; 2 queries at most."""
    counted = [each for each in people if everybody or each.seat.max_open is not None]
    unanswered = _unanswered([each.seat.rep for each in counted])
    today = _today([each for each in people if everybody or each.seat.max_today is not None], now)
    return [
        replace(each.seat, open=unanswered.get(each.seat.rep, 0), today=today.get(each.seat.rep, 0))
        for each in people
    ]


def _people(absent: Q) -> list[Person]:
    rows = _rows()
    hours, absences = calendars_of(rows), _absences(absent)
    return [
        Person(_seat(row, hours.get(row.rep_id), absences.get(row.rep_id, [])), row.rep.time_zone)
        for row in rows
    ]


def _seat(row: RoundRobinSeat, calendar: Calendar | None, absences: list[Away]) -> Seat:
    return Seat(
        rep=row.rep_id,
        name=row.rep.name or row.rep.email,
        team=row.rep.team_id,
        weight=row.weight,
        active=row.active,
        calendar=calendar,
        max_open=row.max_open,
        max_today=row.max_today,
        absences=tuple(absences),
    )


def _rows() -> list[RoundRobinSeat]:
    """Every active rep has a seat; a new one gets it by itself."""
    seats = RoundRobinSeat.objects.filter(rep__in=User.objects.reps()).select_related("rep").order_by("pk")
    newcomers = User.objects.reps().filter(seat=None).order_by("pk")
    made = [RoundRobinSeat(rep=rep) for rep in newcomers]
    if made:
        RoundRobinSeat.objects.bulk_create(made, ignore_conflicts=True)
    return list(seats)


def calendars_of(rows: Sequence[RoundRobinSeat]) -> dict[int, Calendar]:
    """{rep id: hours}, a seat's own before the team's; nobody's are left out."""
    teams = dict(TeamHours.objects.values_list("team", "calendar"))
    wanted = {row.rep_id: row.calendar_id or teams.get(row.rep.team_id or 0) for row in rows}
    found = BusinessCalendar.objects.in_bulk({pk for pk in wanted.values() if pk})
    read = {pk: Calendar.from_data(calendar.as_data()) for pk, calendar in found.items()}
    return {rep: read[pk] for rep, pk in wanted.items() if pk}


def _absences(condition: Q) -> dict[int, list[Away]]:
    found: dict[int, list[Away]] = defaultdict(list)
    for row in Absence.objects.filter(condition):
        found[row.rep_id].append(Away(row.starts_at, row.ends_at, row.cover_id, row.most_owed))
    return found


def _unanswered(reps: Iterable[int]) -> dict[int, int]:
    reps = list(reps)
    if not reps:
        return {}
    rows = Handoff.objects.open().filter(rep__in=reps, cycle__closed_at=None)
    return dict(rows.values_list("rep").annotate(n=Count("pk")))


def _today(people: Sequence[Person], now: datetime) -> dict[int, int]:
    """Offers since midnight where each rep lives, those taken back unanswered left out."""
    if not people:
        return {}
    zones: dict[str, list[int]] = defaultdict(list)
    for each in people:
        zones[each.zone].append(each.seat.rep)
    since = Q()
    for zone, reps in zones.items():
        since |= Q(rep__in=reps, offered_at__gte=midnight(now, zone))
    offers = Handoff.objects.filter(since, withdrawn_at=None)
    counted: dict[int, int] = dict(offers.values_list("rep").annotate(n=Count("pk")))
    return counted


def midnight(now: datetime, zone: str) -> Any:
    return now.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
