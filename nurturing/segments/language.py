"""What a segment says, as plain values: groups of conditions, three deep at most.

Stored   as JSON: a group is {"match": "all" | "any" | "none", "items": […]}, an item one of
         {"field", "op", "value"}        who a lead is, its stage, score, band, consent: scoring's conditions
         {"did", "where", "count", "distinct_by", "window_seconds", "compare", "n"}   what it did: scoring's rules
         {"segment", "in"}               is in another segment or on a list
         {"campaign", "been"}            has ever been in a campaign
         or a group. A bare list of field conditions, as segments began, means all of them
Pure     no database, no clock
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from scoring.language import Condition, Rule

MATCHES = ("all", "any", "none")
COMPARES = ("at_least", "fewer_than")
DEEPEST = 3  # groups within groups
MOST_ITEMS = 60  # conditions of one segment
KEY = "did"


class BadDefinition(ValueError):
    """Says in words what is wrong; `path` names the item, as in "0.2": the third of the first group."""

    def __init__(self, message: str, path: str = "", field: str = "") -> None:
        super().__init__(message)
        self.path, self.field = path, field


@dataclass(frozen=True)
class Has:
    """A field meets a condition."""

    condition: Condition


@dataclass(frozen=True)
class Did:
    """A rule of scoring with a threshold; with `fewer` it must not be reached."""

    rule: Rule
    fewer: bool = False


@dataclass(frozen=True)
class InSegment:
    segment: int
    inside: bool = True


@dataclass(frozen=True)
class BeenIn:
    """Has ever been enrolled in a campaign."""

    campaign: int
    been: bool = True


@dataclass(frozen=True)
class Group:
    match: str
    items: tuple[Item, ...]


Leaf = Has | Did | InSegment | BeenIn
Item = Leaf | Group


def leaves(item: Item) -> Iterator[Leaf]:
    if isinstance(item, Group):
        for each in item.items:
            yield from leaves(each)
    else:
        yield item


def asked_segments(item: Item) -> set[int]:
    return {leaf.segment for leaf in leaves(item) if isinstance(leaf, InSegment)}


def parse(stored: Any) -> Group:
    """Raises BadDefinition for what nobody could have meant; whether it makes sense is for `validation`."""
    group = _item({"match": "all", "items": stored} if isinstance(stored, list) else stored, "", 1)
    if not isinstance(group, Group):
        raise BadDefinition("A segment begins with a group of conditions.")
    return group


def _item(stored: Any, path: str, depth: int) -> Item:
    if not isinstance(stored, dict):
        raise BadDefinition("This is no condition.", path)
    try:
        return _group(stored, path, depth) if "match" in stored else _leaf(stored)
    except (TypeError, ValueError, KeyError) as error:
        if isinstance(error, BadDefinition):
            raise
        raise BadDefinition("This condition cannot be read.", path) from error


def _group(stored: dict[str, Any], path: str, depth: int) -> Group:
    if stored["match"] not in MATCHES:
        raise BadDefinition("A group asks for all, any or none of its conditions.", path, "match")
    if depth > DEEPEST:
        raise BadDefinition(f"Groups can be {DEEPEST} deep, not deeper.", path)
    inner = [
        _item(item, f"{path}.{number}".lstrip("."), depth + 1) for number, item in enumerate(stored["items"])
    ]
    return Group(stored["match"], tuple(inner))


def _leaf(stored: dict[str, Any]) -> Leaf:
    if KEY in stored:
        return Did(_rule(stored), stored.get("compare", "at_least") == "fewer_than")
    if "segment" in stored:
        return InSegment(int(stored["segment"]), bool(stored.get("in", True)))
    if "campaign" in stored:
        return BeenIn(int(stored["campaign"]), bool(stored.get("been", True)))
    return Has(_condition(stored))


def _condition(stored: dict[str, Any]) -> Condition:
    value = stored.get("value")
    frozen = tuple(value) if isinstance(value, list | tuple) else value
    if not all(item is None or isinstance(item, str | int | float) for item in _each(frozen)):
        raise BadDefinition("A condition compares with text and numbers.")
    return Condition(str(stored["field"]), str(stored["op"]), frozen)


def _each(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _rule(stored: dict[str, Any]) -> Rule:
    """Its names stay empty, so that the same question in two segments is one question."""
    window = stored.get("window_seconds")
    return Rule(
        key="",
        name="",
        group="",
        subject="behaviour",
        points=1,
        conditions=tuple(_condition(item) for item in stored.get("where") or []),
        activity=str(stored[KEY]),
        aggregate=str(stored.get("count", "count")),
        distinct_by=str(stored.get("distinct_by") or ""),
        window_seconds=None if window is None else int(window),
        n=int(stored.get("n", 1)),
    )


def stored(item: Item) -> dict[str, Any]:
    """The reverse of `parse`."""
    match item:
        case Group(match, items):
            return {"match": match, "items": [stored(each) for each in items]}
        case Has(condition):
            return condition.to_data()
        case InSegment(segment, inside):
            return {"segment": segment, "in": inside}
        case BeenIn(campaign, been):
            return {"campaign": campaign, "been": been}
        case Did(rule, fewer):
            return {
                KEY: rule.activity,
                "where": [condition.to_data() for condition in rule.conditions],
                "count": rule.aggregate,
                "distinct_by": rule.distinct_by,
                "window_seconds": rule.window_seconds,
                "compare": "fewer_than" if fewer else "at_least",
                "n": rule.n,
            }
