"""Definitions made ready to be asked of many leads at once. Pure.

Behaviour  every question about what leads did becomes a rule of one scoring model, in a group of its own that holds
           0 or 1 point: scoring's kernel answers all of them in one pass, and says when time alone changes an answer
Truth      as scoring's verdicts: MISS, OPEN (not known), LOOSE, HIT. `all` takes the least, `any` the most; `none`
           turns the most round and leaves OPEN open, so "none of: country is Norway" leaves out whoever has no
           country, exactly as "country is not Norway" does
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nurturing.segments.language import BeenIn, Did, Group, Has, InSegment, Item, Leaf, asked_segments, leaves
from nurturing.segments.validation import in_order
from scoring.conditions import Verdict
from scoring.language import Group as Points
from scoring.language import Model, Rule

Verdicts = NDArray[np.uint8]
TURNED = np.array([Verdict.HIT, Verdict.OPEN, Verdict.MISS, Verdict.MISS], np.uint8)


@dataclass(frozen=True)
class Plan:
    """`order` holds the segments with a definition, those asked about before those that ask."""

    definitions: Mapping[int, Group]
    order: tuple[int, ...]
    model: Model
    columns: Mapping[Rule, int]

    @classmethod
    def of(cls, definitions: Mapping[int, Group]) -> Plan:
        order = in_order(definitions)
        rules = dict.fromkeys(
            leaf.rule for pk in order for leaf in leaves(definitions[pk]) if isinstance(leaf, Did)
        )
        return cls(definitions, tuple(order), _model(rules), {rule: n for n, rule in enumerate(rules)})

    def leaves(self) -> list[Leaf]:
        return [leaf for pk in self.order for leaf in leaves(self.definitions[pk])]

    @property
    def fields(self) -> set[str]:
        return {leaf.condition.field for leaf in self.leaves() if isinstance(leaf, Has)}

    @property
    def campaigns(self) -> set[int]:
        return {leaf.campaign for leaf in self.leaves() if isinstance(leaf, BeenIn)}

    @property
    def outside(self) -> set[int]:
        """Asked about, and without a definition here: lists, whose members were put there by hand."""
        return {leaf.segment for leaf in self.leaves() if isinstance(leaf, InSegment)} - set(self.order)


def _model(rules: Iterable[Rule]) -> Model:
    named = [replace(rule, key=str(n), name=str(n), group=str(n)) for n, rule in enumerate(rules)]
    groups = tuple(Points(rule.key, rule.key, "engagement", 0, 1) for rule in named)
    return Model(0, len(named) + 1, 0, 0, (3, 2, 1), (3, 2, 1), groups, tuple(named))


def asking(segments: Iterable[int], definitions: Mapping[int, Group]) -> set[int]:
    """These and every segment that asks about them, however far."""
    found = set(segments)
    while more := {pk for pk, group in definitions.items() if asked_segments(group) & found} - found:
        found |= more
    return found


def needed(segments: Iterable[int], definitions: Mapping[int, Group]) -> dict[int, Group]:
    """The definitions of these and of every segment that they ask about, however far."""
    found: dict[int, Group] = {}
    waiting = [pk for pk in segments if pk in definitions]
    while waiting:
        pk = waiting.pop()
        if pk not in found:
            found[pk] = definitions[pk]
            waiting += [asked for asked in asked_segments(definitions[pk]) if asked in definitions]
    return found


def truth(item: Item, leaf: Callable[[Leaf], Verdicts], leads: int) -> Verdicts:
    """For each lead; `leaf` answers what has no parts."""
    if not isinstance(item, Group):
        return leaf(item)
    each = [truth(part, leaf, leads) for part in item.items]
    if item.match == "all":
        return np.minimum.reduce(each, initial=np.uint8(Verdict.HIT)) if each else _all(leads, Verdict.HIT)
    most = np.maximum.reduce(each) if each else _all(leads, Verdict.MISS)
    return most if item.match == "any" else TURNED[most]


def _all(leads: int, answer: Verdict) -> Verdicts:
    return np.full(leads, answer, np.uint8)
