"""Until when a score stays what it is: the next instant at which time alone may change it.

Promise  for every instant t with as_of <= t < next_change_at the whole `Score` is the same, its `groups` apart
Exact    for window ends, expiries and facts dated in the future; for halving points it is the first instant
         at which the rising or the falling rules, taken alone, would move the rounded total
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from scoring.conditions import Verdict
from scoring.decay import SCALE_BITS
from scoring.language import SCALE, Fact, Model
from scoring.rules import (
    Fields,
    Shapes,
    Tally,
    concerns,
    group_worths,
    occurrence_mass,
    rounded,
    tallies,
    verdicts,
    weight_of,
)


def next_change_at(
    model: Model, shapes: Shapes, facts: Iterable[Fact], fields: Fields, as_of: int
) -> int | None:
    """None when time alone changes nothing any more."""
    facts = list(facts)
    found = tallies(model, shapes, facts, as_of)
    ends = [*_arrivals(model, shapes, facts, as_of), *ends_of(found, as_of)]
    fading = Fading(model, found, verdicts(model, fields), as_of)
    until = min([*ends, fading.over_at])
    changed = first_true(lambda t: not fading.same_at(t), as_of, until)
    return min([*ends, *changed], default=None)


def first_true(changed: Callable[[int], bool], start: int, stop: int) -> list[int]:
    """The first instant in (start, stop) from which `changed` holds, or nothing. It must never turn back."""
    low, high = start, stop - 1
    if high <= start or not changed(high):
        return []
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if changed(middle) else (middle, high)
    return [high]


def _arrivals(model: Model, shapes: Shapes, facts: Iterable[Fact], as_of: int) -> Iterator[int]:
    rules = model.active("behaviour")
    for fact in facts:
        if fact.occurred_at > as_of and any(concerns(rule, shapes, fact) for rule in rules):
            yield fact.occurred_at


def ends_of(found: Iterable[Tally], as_of: int) -> list[int]:
    """When some rule may see less than at `as_of`; before the first of these only halving changes points."""
    return [end for tally in found for end in _ends(tally, as_of)]


def _ends(tally: Tally, as_of: int) -> Iterator[int]:
    """When the rule stops being satisfied, and when the oldest occurrence that still matters to its points goes."""
    rule = tally.rule
    if tally.satisfied and rule.reach is not None:
        yield _reaching(tally.counted, rule.n, tally_share(tally)).occurred_at + rule.reach
    if tally.satisfied and rule.award_life is not None:
        yield tally.counted[0].occurred_at + rule.award_life
    if rule.mode == "each" and rule.reach is not None and tally.mass:
        masses = {fact: occurrence_mass(rule, fact, as_of) for fact in tally.counted}
        paying = [fact for fact in tally.counted if masses[fact]]
        most = None if rule.half_life else rule.ceiling * SCALE
        yield _reaching(paying, most, masses.__getitem__).occurred_at + rule.reach


def tally_share(tally: Tally) -> Callable[[Fact], int]:
    return (lambda fact: fact.lasted) if tally.rule.aggregate == "sum" else (lambda fact: 1)


def _reaching(newest_first: Sequence[Fact], goal: int | None, share: Callable[[Fact], int]) -> Fact:
    """The fact with which the shares, newest first, reach the goal; the oldest when they never do."""
    gathered = 0
    for fact in newest_first:
        gathered += share(fact)
        if goal is not None and gathered >= goal:
            return fact
    return newest_first[-1]


class Points(NamedTuple):
    total: int
    fit: int


@dataclass(frozen=True)
class Fading:
    """The halving rules between two ends. Falling alone and rising alone bound every mixture of the two."""

    model: Model
    found: Sequence[Tally]
    fits: Mapping[str, Verdict]
    as_of: int

    @property
    def over_at(self) -> int:
        """From here on every weight is zero; `as_of` when nothing fades."""
        lives = [tally.rule.half_life or 0 for tally in self.found if tally.mass]
        return self.as_of + max(lives, default=0) * (SCALE_BITS + 1) + 1

    def same_at(self, instant: int) -> bool:
        still = self.points(self.as_of, self.as_of).total
        return {self.points(instant, self.as_of).total, self.points(self.as_of, instant).total} == {still}

    def points(self, gains_at: int, losses_at: int) -> Points:
        """With gains as old as they are at one instant and losses as at another: a bound for all between."""
        aged = [_aged(tally, gains_at if tally.rule.gives > 0 else losses_at) for tally in self.found]
        worths = group_worths(self.model, aged, self.fits)
        on_fit = self.model.group_keys("fit")
        return Points(rounded(sum(worths.values())), rounded(sum(worths[key] for key in on_fit)))


def _aged(tally: Tally, instant: int) -> Tally:
    rule = tally.rule
    if rule.half_life is None or not tally.mass:
        return tally
    if rule.mode == "each":
        return replace(tally, mass=sum(occurrence_mass(rule, fact, instant) for fact in tally.counted))
    return replace(tally, mass=abs(rule.gives) * weight_of(rule, instant - tally.counted[0].occurred_at))
