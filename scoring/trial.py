"""What one rule, as it is typed, gives one lead at one instant: occurrence by occurrence, by the oracle."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from leads.fields import values_as_of
from leads.models import Lead
from scoring import facts
from scoring.definition import model_of
from scoring.explain import labels
from scoring.language import SCALE, Fact, Model, Rule, Shape
from scoring.models import ModelVersion
from scoring.rules import Tally, concerns, fit_verdict, occurrence_mass, score, signed, tally
from scoring.sentences import matched
from scoring.single import alone, timeless
from scoring.validation import problems

NAMES = ("path", "asset", "topic", "form", "campaign")
SHOWN = 20  # occurrences, the newest


@dataclass(frozen=True)
class Occurrence:
    """`points` as one decimal; None when it does not count at this instant."""

    at: datetime
    what: str
    points: float | None


@dataclass(frozen=True)
class Trial:
    lead: Lead
    as_of: datetime
    verdict: str
    points: float
    occurrences: tuple[Occurrence, ...]
    more: int
    total_with: int | None  # None while something else in the draft is broken
    total_without: int | None


def try_rule(rule: Rule, *, lead: Lead, as_of: datetime, version: ModelVersion, before: str = "") -> Trial:
    """`before` is the key under which the rule is stored in the draft, if it is."""
    rule, at = replace(rule, enabled=True), facts.microseconds(as_of)
    model, others = _draft(version), _others(rule, version, before)
    shapes, history = facts.that_matter(lead.pk, _whole(rule, others), as_of)
    fields = values_as_of(lead, as_of)
    with_it, without = (
        _total(model, rules, shapes, history, fields, at) for rules in ((*others, rule), others)
    )
    if rule.subject == "fit":
        verdict, points, seen = _by_field(rule, fields)
    else:
        verdict, points, seen = _by_behaviour(rule, shapes, history, at)
    return Trial(lead, as_of, verdict, points, tuple(seen[:SHOWN]), len(seen[SHOWN:]), with_it, without)


def _others(rule: Rule, version: ModelVersion, before: str) -> tuple[Rule, ...]:
    model = _draft(version)
    own = (rule.key, before)
    return tuple(other for other in model.rules if other.key not in own) if model else ()


def _whole(rule: Rule, others: tuple[Rule, ...]) -> Model:
    """For reading what the lead did: for this rule also what its window leaves out, as that is shown too."""
    model = alone(timeless(rule))
    return replace(model, rules=(*model.rules, *others))


def _total(
    model: Model | None, rules: tuple[Rule, ...], shapes: Any, history: list[Fact], fields: Any, at: int
) -> int | None:
    if model is None or problems(tried := replace(model, rules=rules)):
        return None
    return score(tried, shapes, history, fields, at).total


def _draft(version: ModelVersion) -> Model | None:
    try:
        return model_of(version)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _by_field(rule: Rule, fields: Any) -> tuple[str, float, list[Occurrence]]:
    found = fit_verdict(rule, fields)
    if found.name in ("HIT", "LOOSE"):
        return f"Applies: {matched(rule, fields, labels())}.", float(rule.gives), []
    unknown = found.name == "OPEN"
    return ("Not known: a field it asks for is empty." if unknown else "Does not apply."), 0.0, []


def _by_behaviour(
    rule: Rule, shapes: Any, history: list[Fact], at: int
) -> tuple[str, float, list[Occurrence]]:
    newest_first = sorted(history, key=lambda fact: (fact.occurred_at, fact.id), reverse=True)
    found = tally(rule, shapes, newest_first, at)
    concerned = [fact for fact in newest_first if concerns(rule, shapes, fact)]
    seen = [_occurrence(fact, rule, found, shapes[fact.shape_id], at) for fact in concerned]
    return _verdict(rule, found), _points(signed(rule, found.mass)), seen


def _verdict(rule: Rule, found: Tally) -> str:
    if rule.effect != "points":
        what = "qualifies at once" if rule.effect == "critical" else "is excluded"
        return f"The lead {what}." if found.satisfied else "Does not apply."
    unit = " seconds" if rule.aggregate == "sum" else ""
    if rule.mode == "threshold" and not found.satisfied:
        return f"Does not apply: {found.aggregate:,}{unit} of {rule.n:,}."
    return f"Applies: {found.aggregate:,}{unit} counted." if found.mass else "Gives nothing at this instant."


def _occurrence(fact: Fact, rule: Rule, found: Tally, shape: Shape, at: int) -> Occurrence:
    points: float | None = None
    if fact in found.counted:
        points = 0.0
        if rule.mode == "each":
            points = _points(occurrence_mass(rule, fact, at) * (1 if rule.gives > 0 else -1))
        elif found.satisfied and fact == found.counted[0]:
            points = _points(signed(rule, found.mass))
    return Occurrence(facts.instant(fact.occurred_at), _what(shape), points)


def _what(shape: Shape) -> str:
    named = [shape.props[name] for name in NAMES if shape.props.get(name)]
    return named[0] if named else shape.kind.removeprefix("custom:").replace("_", " ")


def _points(mass: int) -> float:
    return round(mass / SCALE, 1)
