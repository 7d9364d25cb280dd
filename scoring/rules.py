"""The oracle: what a scoring model means. It is slow, short and right; the kernel must equal it.

Pure    no database, no clock, no settings; a score depends on (model, shapes, facts, fields, as_of) alone
Units   instants and ages are int microseconds, worth is int parts of a point (SCALE parts are one point)
Window  half-open, (as_of - W, as_of]; nothing after `as_of` counts
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from scoring import decay
from scoring.conditions import Verdict, all_of, text_of, verdict
from scoring.language import SCALE, Fact, Group, Model, Rule, Shape

Shapes = Mapping[int, Shape]
Fields = Mapping[str, Any]


@dataclass(frozen=True)
class Tally:
    """What one behaviour rule found: the occurrences it counted, newest first, and what they are worth.

    `mass` is the worth before the cap, without sign.
    """

    rule: Rule
    counted: tuple[Fact, ...]
    aggregate: int
    satisfied: bool
    mass: int

    @property
    def worth(self) -> int:
        return signed(self.rule, self.mass)


@dataclass(frozen=True)
class Score:
    """`groups` are the clamped sums in parts of a point; they are exact at `as_of` only, the rest holds longer."""

    total: int
    fit: int
    engagement: int
    band: str
    qualifies: bool
    critical: str | None  # key of the first such rule
    disqualified: str | None
    fit_low: int
    fit_high: int
    satisfied: tuple[str, ...]
    groups: tuple[tuple[str, int], ...]


def score(model: Model, shapes: Shapes, facts: Iterable[Fact], fields: Fields, as_of: int) -> Score:
    """Raises KeyError for a fact whose shape is not among `shapes`."""
    return settle(model, tallies(model, shapes, facts, as_of), verdicts(model, fields))


def settle(model: Model, found: Sequence[Tally], fits: Mapping[str, Verdict]) -> Score:
    worths = group_worths(model, found, fits)
    on_fit = model.group_keys("fit")
    total = rounded(sum(worths.values()))
    fit = rounded(sum(worths[key] for key in on_fit))
    satisfied = satisfied_rules(model, found, fits)
    critical, disqualified = _first(satisfied, "critical"), _first(satisfied, "disqualify")
    low, high = fit_range(model, found, fits)
    return Score(
        total=total,
        fit=fit,
        engagement=total - fit,
        band=band(model, fit, total - fit),
        qualifies=qualifies(model, total, fit, critical is not None, disqualified is not None),
        critical=critical,
        disqualified=disqualified,
        fit_low=low,
        fit_high=high,
        satisfied=tuple(rule.key for rule in satisfied),
        groups=tuple(worths.items()),
    )


# Behaviour


def tallies(model: Model, shapes: Shapes, facts: Iterable[Fact], as_of: int) -> list[Tally]:
    newest_first = sorted(once(facts), key=lambda fact: (fact.occurred_at, fact.id), reverse=True)
    past = [fact for fact in newest_first if fact.occurred_at <= as_of]
    return [tally(rule, shapes, past, as_of) for rule in model.active("behaviour")]


def once(facts: Iterable[Fact]) -> list[Fact]:
    """A stored row passed twice is one occurrence."""
    seen: dict[Any, Fact] = {}
    for position, fact in enumerate(facts):
        seen.setdefault(fact.id or (position,), fact)
    return list(seen.values())


def tally(rule: Rule, shapes: Shapes, past: Iterable[Fact], as_of: int) -> Tally:
    """`past` is newest first and holds nothing after `as_of`."""
    within = takewhile(within_reach(rule, as_of), past)
    return tallied(rule, shapes, [fact for fact in within if concerns(rule, shapes, fact)], as_of)


def tallied(rule: Rule, shapes: Shapes, counted: list[Fact], as_of: int) -> Tally:
    """`counted` is what concerns the rule within its reach, newest first."""
    if rule.aggregate == "distinct":
        counted = _newest_of_each(rule, shapes, counted)
    aggregate = sum(fact.lasted for fact in counted) if rule.aggregate == "sum" else len(counted)
    satisfied = aggregate >= rule.n and not _award_expired(rule, counted, as_of)
    return Tally(rule, tuple(counted), aggregate, satisfied, _mass(rule, counted, satisfied, as_of))


def within_reach(rule: Rule, as_of: int) -> Callable[[Fact], bool]:
    reach = rule.reach
    return lambda fact: reach is None or as_of - fact.occurred_at < reach


def concerns(rule: Rule, shapes: Shapes, fact: Fact) -> bool:
    shape = shapes[fact.shape_id]
    if shape.machine or shape.kind != rule.activity:
        return False
    if rule.aggregate == "distinct" and not _distinct_value(rule, shapes, fact):
        return False
    values = {**shape.props, "seconds": fact.lasted, "amount": fact.amount}
    return all(
        verdict(condition, values.get(condition.field)) >= Verdict.LOOSE for condition in rule.conditions
    )


def _newest_of_each(rule: Rule, shapes: Shapes, newest_first: Iterable[Fact]) -> list[Fact]:
    first: dict[str, Fact] = {}
    for fact in newest_first:
        first.setdefault(_distinct_value(rule, shapes, fact), fact)
    return list(first.values())


def _distinct_value(rule: Rule, shapes: Shapes, fact: Fact) -> str:
    return text_of(shapes[fact.shape_id].props.get(rule.distinct_by) or "")


def _award_expired(rule: Rule, counted: Sequence[Fact], as_of: int) -> bool:
    if rule.award_life is None or not counted:
        return False
    return as_of - counted[0].occurred_at >= rule.award_life


def _mass(rule: Rule, counted: Sequence[Fact], satisfied: bool, as_of: int) -> int:
    if rule.mode == "threshold":
        return abs(rule.gives) * weight_of(rule, as_of - counted[0].occurred_at) if satisfied else 0
    return sum(occurrence_mass(rule, fact, as_of) for fact in counted)


def occurrence_mass(rule: Rule, fact: Fact, as_of: int) -> int:
    """For `each`: the worth of one occurrence, without sign; a sum gives its points for every n seconds."""
    worth = abs(rule.gives) * weight_of(rule, as_of - fact.occurred_at)
    return worth * fact.lasted // rule.n if rule.aggregate == "sum" else worth


def weight_of(rule: Rule, age: int) -> int:
    return SCALE if rule.half_life is None else decay.weight(age, rule.half_life)


def signed(rule: Rule, mass: int) -> int:
    """The worth of a rule from its mass: capped, then given the sign of its points."""
    held = min(mass, rule.ceiling * SCALE)
    return held if rule.gives > 0 else -held


# Fit


def verdicts(model: Model, fields: Fields) -> dict[str, Verdict]:
    return {rule.key: fit_verdict(rule, fields) for rule in model.active("fit")}


def fit_verdict(rule: Rule, fields: Fields) -> Verdict:
    return all_of(verdict(condition, fields.get(condition.field)) for condition in rule.conditions)


def fit_range(model: Model, found: Sequence[Tally], fits: Mapping[str, Verdict]) -> tuple[int, int]:
    """The least and the most the fit could become if every unknown field were known, each rule on its own."""
    low, high = [], []
    for group in (group for group in model.groups if group.axis == "fit"):
        raw = raw_worth(group, model, found, fits)
        swings = [_swing(rule, fits[rule.key]) for rule in model.active("fit") if rule.group == group.key]
        low.append(clamped(group, raw + sum(swing for swing in swings if swing < 0)))
        high.append(clamped(group, raw + sum(swing for swing in swings if swing > 0)))
    return rounded(sum(low)), rounded(sum(high))


def _swing(rule: Rule, found: Verdict) -> int:
    """What knowing more could add: an open rule may come to match, a loose match may go."""
    return {Verdict.OPEN: 1, Verdict.LOOSE: -1}.get(found, 0) * rule.gives * SCALE


# Together


def group_worths(model: Model, found: Sequence[Tally], fits: Mapping[str, Verdict]) -> dict[str, int]:
    return {group.key: clamped(group, raw_worth(group, model, found, fits)) for group in model.groups}


def raw_worth(group: Group, model: Model, found: Sequence[Tally], fits: Mapping[str, Verdict]) -> int:
    behaviour = sum(tally.worth for tally in found if tally.rule.group == group.key)
    matched = [rule for rule in model.active("fit") if fits[rule.key] >= Verdict.LOOSE]
    return behaviour + sum(rule.gives * SCALE for rule in matched if rule.group == group.key)


def clamped(group: Group, worth: int) -> int:
    return min(max(worth, group.minimum * SCALE), group.maximum * SCALE)


def rounded(worth: int) -> int:
    """Whole points, half away from zero."""
    points = (abs(worth) + SCALE // 2) // SCALE
    return points if worth >= 0 else -points


def satisfied_rules(model: Model, found: Sequence[Tally], fits: Mapping[str, Verdict]) -> list[Rule]:
    """In the order of the model."""
    behaviour = {tally.rule.key for tally in found if tally.satisfied}
    matched = {key for key, found_verdict in fits.items() if found_verdict >= Verdict.LOOSE}
    return [rule for rule in model.rules if rule.enabled and rule.key in behaviour | matched]


def _first(rules: Iterable[Rule], effect: str) -> str | None:
    return next((rule.key for rule in rules if rule.effect == effect), None)


def band(model: Model, fit: int, engagement: int) -> str:
    return "ABCD"[_below(model.fit_cuts, fit)] + "1234"[_below(model.engagement_cuts, engagement)]


def _below(cuts: Iterable[int], points: int) -> int:
    """How many lower bounds are missed; cuts descend."""
    return sum(points < cut for cut in cuts)


def qualifies(model: Model, total: int, fit: int, critical: bool, disqualified: bool) -> bool:
    if disqualified:
        return False
    return critical or (total >= model.threshold and fit >= model.fit_floor)


def holds(result: Score, was_qualified: bool, model: Model) -> bool:
    """Does the lead count as qualified now? Once in, it leaves only below the margin, so it does not flicker."""
    if result.qualifies or not was_qualified:
        return result.qualifies
    stays = result.total >= model.threshold - model.margin and result.fit >= model.fit_floor
    return stays and result.disqualified is None
