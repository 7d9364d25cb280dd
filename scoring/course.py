"""One lead's history made ready to be scored many times: at other instants, or with something added to it.

Promise  the same answers as the oracle gives for the whole history at `as_of` and at every later instant
How      which rule looks at which fact is asked once, and once per shape where the shape decides; what no rule can
         ever look at again is left out
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import Any

from scoring.conditions import Verdict, verdict
from scoring.language import MEASURES, Fact, Model, Rule, Shape
from scoring.rules import (
    Fields,
    Score,
    Shapes,
    Tally,
    concerns,
    once,
    settle,
    tallied,
    verdicts,
    within_reach,
)

FOREVER = 1 << 62  # microseconds; longer than any window


@dataclass(frozen=True)
class Course:
    """`seen` holds for each active behaviour rule the facts that concern it, newest first, later ones included."""

    model: Model
    shapes: Shapes
    fields: Fields
    as_of: int
    facts: Sequence[Fact]
    seen: Mapping[str, Sequence[Fact]]
    fits: Mapping[str, Verdict]
    known: dict[str, Tally] = field(
        default_factory=dict, compare=False
    )  # what rules found at `as_of`, once asked

    @classmethod
    def of(cls, model: Model, shapes: Shapes, facts: Iterable[Fact], fields: Fields, as_of: int) -> Course:
        newest_first = _newest_first(once(facts))
        seen = {rule.key: _seen(rule, shapes, newest_first) for rule in model.active("behaviour")}
        return cls(model, shapes, fields, as_of, newest_first, seen, verdicts(model, fields))

    def tallies(self, at: int | None = None) -> list[Tally]:
        rules = self.model.active("behaviour")
        if at is not None:
            return [self._tally(rule, at) for rule in rules]
        for rule in rules:
            if rule.key not in self.known:
                self.known[rule.key] = self._tally(rule, self.as_of)
        return [self.known[rule.key] for rule in rules]

    def score(self, at: int | None = None) -> Score:
        return settle(self.model, self.tallies(at), self.fits)

    def arrivals(self, after: int) -> list[int]:
        """Instants of facts that are still to come then."""
        return [
            fact.occurred_at for facts in self.seen.values() for fact in facts if fact.occurred_at > after
        ]

    def with_more(self, facts: Sequence[Fact], shapes: Shapes, fields: Mapping[str, Any]) -> Course:
        """As if these were so too; none of the facts is there already. Only the rules they concern are asked again."""
        shapes, fields_then = {**self.shapes, **shapes}, {**self.fields, **fields}
        more = {rule.key: _seen(rule, shapes, facts) for rule in self.model.active("behaviour")}
        seen = {key: _newest_first([*mine, *self.seen[key]]) for key, mine in more.items() if mine}
        return replace(
            self,
            shapes=shapes,
            fields=fields_then,
            facts=[*facts, *self.facts],
            seen={**self.seen, **seen},
            fits=verdicts(self.model, fields_then) if fields else self.fits,
            known={key: tally for key, tally in self.known.items() if key not in seen},
        )

    def _tally(self, rule: Rule, at: int) -> Tally:
        past = (fact for fact in self.seen[rule.key] if fact.occurred_at <= at)
        return tallied(rule, self.shapes, list(takewhile(within_reach(rule, at), past)), at)


def reach_by_kind(model: Model) -> dict[str, int]:
    """For how long an activity of a kind can matter: microseconds, or FOREVER. Kinds no rule looks at are left out."""
    found: dict[str, int] = {}
    for rule in model.active("behaviour"):
        found[rule.activity] = max(_reach(rule), found.get(rule.activity, 0))
    return found


def reaches_of(model: Model, shapes: Iterable[Shape]) -> list[int]:
    """For how long a fact of each shape can matter: microseconds, FOREVER, or 0 when no rule looks at it."""
    by_kind: dict[str, list[Rule]] = {}
    for rule in model.active("behaviour"):
        by_kind.setdefault(rule.activity, []).append(rule)
    return [
        max(
            (_reach(rule) for rule in by_kind.get(shape.kind, ()) if _may_concern(rule, shape)),
            default=0,
        )
        for shape in shapes
    ]


def _reach(rule: Rule) -> int:
    return FOREVER if rule.reach is None else rule.reach


def _may_concern(rule: Rule, shape: Shape) -> bool:
    """For a rule of its kind. Measures are the fact's own; they are taken as met here."""
    return not shape.machine and all(
        item.field in MEASURES or verdict(item, shape.props.get(item.field)) >= Verdict.LOOSE
        for item in rule.conditions
    )


def _seen(rule: Rule, shapes: Shapes, newest_first: Iterable[Fact]) -> list[Fact]:
    own = [fact for fact in newest_first if shapes[fact.shape_id].kind == rule.activity]
    if any(item.field in MEASURES for item in rule.conditions):
        return [fact for fact in own if concerns(rule, shapes, fact)]
    answers: dict[int, bool] = {}
    for fact in own:
        if fact.shape_id not in answers:
            answers[fact.shape_id] = concerns(rule, shapes, fact)
    return [fact for fact in own if answers[fact.shape_id]]


def _newest_first(facts: Iterable[Fact]) -> list[Fact]:
    return sorted(facts, key=lambda fact: (fact.occurred_at, fact.id), reverse=True)
