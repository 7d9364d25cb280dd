"""Whose turn it is in a pool: weighted round robin by deficit.

Credit  what the pool owes a rep, in parts: one lead costs the parts that all earned for it together. Credits are
        whole numbers and sum up to what they summed up to before, so nothing is lost by rounding
Turn    with each lead every rep earns their weight; among those who are owed enough to take it without running
        ahead, the one who would fall behind first takes it (R. Tijdeman, The chairman assignment problem, 1980).
        As long as everybody can take leads, no share is ever a whole lead away from what the weights promise
Away    a rep who cannot take this one earns on, but only up to `most_owed` leads: whoever comes back catches up
        a little and is not flooded. None means no limit, for a rep who was passed over for this lead alone
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple


@dataclass(frozen=True)
class Place:
    """A rep's place in the pool. `free` is whether they can take this lead."""

    rep: int
    weight: int  # at least 1
    credit: int = 0
    free: bool = True
    most_owed: int | None = None  # leads


class Turn(NamedTuple):
    rep: int
    credits: dict[int, int]  # of everybody in the pool, afterwards


def take_turn(pool: Sequence[Place]) -> Turn | None:
    """None when nobody is free; then nobody earns either. Of equals the one named first goes first."""
    if not any(place.free for place in pool):
        return None
    whole = sum(place.weight for place in pool)
    earned = {place.rep: _earned(place, whole) for place in pool}
    cost = sum(earned.values())
    owed = {place.rep: place.credit + earned[place.rep] for place in pool}
    rep = _first_to_fall_behind([place for place in pool if place.free], owed, cost, len(pool))
    owed[rep] -= cost
    return Turn(rep, owed)


def leads_owed(pool: Sequence[Place]) -> dict[int, float]:
    """Credits in leads; below zero for whoever is ahead."""
    whole = sum(place.weight for place in pool) or 1
    return {place.rep: place.credit / whole for place in pool}


def _earned(place: Place, whole: int) -> int:
    if place.free or place.most_owed is None:
        return place.weight
    return max(0, min(place.weight, place.most_owed * whole - place.credit))


def _first_to_fall_behind(free: list[Place], owed: dict[int, int], cost: int, size: int) -> int:
    parts = max(2 * size - 2, 1)
    ready = [place for place in free if owed[place.rep] * parts >= cost]
    if not ready:
        return max(free, key=lambda place: owed[place.rep]).rep
    return min(
        ready, key=lambda place: Fraction(cost * (parts - 1) - owed[place.rep] * parts, place.weight)
    ).rep
