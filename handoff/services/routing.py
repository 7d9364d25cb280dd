"""Whose turn it is: smooth weighted round robin, by credit.

With each offer every seat earns its weight, the richest takes the lead and pays what all earned together.
Over any run of offers the shares stay within one of what the weights promise. The seats are locked for the
rest of the transaction, so two offers never read the same credit.
"""

from __future__ import annotations

from typing import NamedTuple

from accounts.models import User
from handoff.errors import CannotTake, NobodyToRoute
from handoff.models import Handoff, RoundRobinSeat
from leads.models import Lead


class Route(NamedTuple):
    rep: User
    because: str  # at most 300 characters, for the rep to read


def chosen(rep: User, actor: str) -> Route:
    """Raises CannotTake for anybody who is no active rep, whatever the page offered a minute ago."""
    if not User.objects.reps().filter(pk=rep.pk).exists():
        raise CannotTake(f"{rep} cannot take leads: only active sales reps can. Choose another rep.")
    return Route(rep, f"{actor} chose you.")


def next_in_rotation(lead: Lead) -> Route:
    """Takes a turn. A rep who rejected this lead is passed over while somebody else can take it.

    Raises NobodyToRoute when no active rep has an active seat.
    """
    seats = _locked_seats()
    if not seats:
        raise NobodyToRoute("No active sales rep takes part in the rotation. Choose a rep, or add one.")
    refusers = _refusers(lead)
    willing = [seat for seat in seats if seat.rep_id not in refusers] or seats
    weights = sum(seat.weight for seat in seats)
    for seat in seats:
        seat.credit += seat.weight
    turn = max(willing, key=lambda seat: (seat.credit, -seat.pk))
    turn.credit -= weights
    RoundRobinSeat.objects.bulk_update(seats, ["credit"])
    skipped = [seat.rep.name for seat in seats if seat not in willing]
    return Route(turn.rep, _words(turn, weights, skipped))


def _locked_seats() -> list[RoundRobinSeat]:
    """Seats of active reps in pk order; a new rep gets one by itself."""
    _seat_newcomers()
    seats = RoundRobinSeat.objects.filter(active=True, weight__gt=0, rep__in=User.objects.reps())
    return list(seats.select_related("rep").select_for_update(of=("self",)).order_by("pk"))


def _seat_newcomers() -> None:
    newcomers = User.objects.reps().filter(seat=None).order_by("pk")
    RoundRobinSeat.objects.bulk_create([RoundRobinSeat(rep=rep) for rep in newcomers], ignore_conflicts=True)


def _refusers(lead: Lead) -> set[int]:
    rejected = Handoff.objects.filter(lead=lead, rejected_at__isnull=False)
    return set(rejected.values_list("rep_id", flat=True))


def _words(turn: RoundRobinSeat, weights: int, skipped: list[str]) -> str:
    words = f"Round robin: it was your turn, you take {turn.weight} of every {weights}."
    if skipped:
        words += f" Passed over for having rejected this lead before: {', '.join(skipped)}."
    return words if len(words) <= 300 else f"{words[:299]}…"
