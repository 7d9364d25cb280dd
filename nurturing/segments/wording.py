"""A definition in plain words, as a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from leads.fields import Field
from nurturing.segments.language import BadDefinition, BeenIn, Did, Group, Has, InSegment, Item, parse
from nurturing.segments.vocabulary import OP_WORDS, written
from scoring.language import Condition
from scoring.sentences import duration, label_of, situation

LINKS = {"all": " and ", "any": " or ", "none": " or "}
EVERYBODY = "everybody"


@dataclass(frozen=True)
class Names:
    """What people call fields, segments and campaigns."""

    fields: Mapping[str, Field]
    segments: Mapping[int, str] = field(default_factory=dict)
    campaigns: Mapping[int, str] = field(default_factory=dict)

    @property
    def labels(self) -> dict[str, str]:
        return {key: each.label.lower() for key, each in self.fields.items()}


def sentence(stored: Any, names: Names | Mapping[str, Field]) -> str:
    """As in: "country is Norway and (views a pricing page at least 2 times within 7 days or score is at least 50)"."""
    known = names if isinstance(names, Names) else Names(names)
    try:
        return words(parse(stored), known)
    except BadDefinition as error:
        return f"cannot be read: {error}"


def words(item: Item, names: Names, *, outer: bool = True) -> str:
    match item:
        case Group(match, items):
            return _group(match, items, names, outer)
        case Has(condition):
            return _field(condition, names)
        case Did():
            return _behaviour(item, names)
        case InSegment(segment, inside):
            return (
                f"is {'' if inside else 'not '}in “{names.segments.get(segment, 'a segment that is gone')}”"
            )
        case BeenIn(campaign, been):
            name = names.campaigns.get(campaign, "a campaign that is gone")
            return f"has {'' if been else 'never '}been in the campaign “{name}”"


def _group(match: str, items: tuple[Item, ...], names: Names, outer: bool) -> str:
    said = LINKS[match].join(words(each, names, outer=False) for each in items)
    if not items:
        return EVERYBODY
    if match == "none":
        return f"not ({said})" if len(items) > 1 else f"not {said}"
    return said if outer or len(items) == 1 else f"({said})"


def _field(condition: Condition, names: Names) -> str:
    known = names.fields.get(condition.field)
    label = known.label.lower() if known else condition.field
    value = " and " if condition.op == "between" else ", "
    said = value.join(map(str, condition.values)) if condition.values else written(condition.value)
    return f"{label} {OP_WORDS.get(condition.op, condition.op)} {said}".strip()


def _behaviour(item: Did, names: Names) -> str:
    """Scoring says "more than 2 times" where 3 are needed; here the number that was typed comes back."""
    rule = item.rule
    once = replace(rule, n=1, window_seconds=None, aggregate="count", distinct_by="")
    does = situation(once, names.labels).removeprefix("a lead ")
    within = "" if rule.window_seconds is None else f" within {duration(rule.window_seconds)}"
    if rule.n == 1 and rule.aggregate != "sum":
        return f"{'never ' if item.fewer else ''}{does}{within}"
    return f"{does} {_often(item)}{within}"


def _often(item: Did) -> str:
    rule, edge = item.rule, "fewer than" if item.fewer else "at least"
    if rule.aggregate == "sum":
        return f"for {edge} {duration(rule.n)} in all"
    if rule.aggregate == "distinct":
        return f"with {edge} {rule.n:,} different values of {label_of(rule.distinct_by, {})}"
    return f"{edge} {rule.n:,} times"
