"""What is wrong with a definition, in words that name the field. One with problems is never saved."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from leads.fields import Field
from nurturing.segments.language import (
    MATCHES,
    MOST_ITEMS,
    BadDefinition,
    BeenIn,
    Did,
    Group,
    Has,
    InSegment,
    Item,
    asked_segments,
    leaves,
)
from nurturing.segments.vocabulary import OP_WORDS, OPS
from scoring.single import alone
from scoring.validation import condition_problem, no_such_field
from scoring.validation import problems as rule_problems

WORDS = {"n": "count", "activity": "activity", "window_seconds": "window", "distinct_by": "distinct_by"}


def problems(
    group: Group, *, known: Mapping[str, Field], segments: Collection[int], campaigns: Collection[int]
) -> list[BadDefinition]:
    """`segments` and `campaigns` are the ids there are."""
    found = list(_of(group, "", known, segments, campaigns))
    number = sum(1 for _ in leaves(group))
    if number > MOST_ITEMS:
        found.append(BadDefinition(f"A segment has at most {MOST_ITEMS} conditions; this one has {number}."))
    return found


def _of(
    item: Item, path: str, known: Mapping[str, Field], segments: Collection[int], campaigns: Collection[int]
) -> Iterator[BadDefinition]:
    match item:
        case Group(match, items):
            if match not in MATCHES:
                yield BadDefinition("A group asks for all, any or none of its conditions.", path, "match")
            if not items:
                yield BadDefinition(
                    "A group needs at least one condition. Add one, or remove the group.", path
                )
            for number, each in enumerate(items):
                yield from _of(each, f"{path}.{number}".lstrip("."), known, segments, campaigns)
        case Has():
            yield from _of_field(item, path, known)
        case Did():
            yield from _of_behaviour(item, path)
        case InSegment(segment) if segment not in segments:
            yield BadDefinition("Choose a segment or list that exists.", path, "segment")
        case BeenIn(campaign) if campaign not in campaigns:
            yield BadDefinition("Choose a campaign that exists.", path, "campaign")


def _of_field(item: Has, path: str, known: Mapping[str, Field]) -> Iterator[BadDefinition]:
    condition = item.condition
    field = known.get(condition.field)
    if field is None:
        yield BadDefinition(f"{condition.field[:60]}: {no_such_field(condition.field, known)}", path, "field")
    elif condition.op not in OPS[field.type]:
        words = OP_WORDS.get(condition.op, condition.op)
        yield BadDefinition(f"{field.label} cannot be asked whether it “{words}”.", path, "op")
    elif (wrong := condition_problem(condition)) is not None:
        yield BadDefinition(f"{field.label}: {wrong}", path, "value")


def _of_behaviour(item: Did, path: str) -> Iterator[BadDefinition]:
    """In scoring's own words; a rule alone has no group and no points that could be wrong."""
    for problem in rule_problems(alone(replace(item.rule, key="it", name="it"))):
        yield BadDefinition(problem.message, path, WORDS.get(problem.field, problem.field))
    if item.rule.aggregate != "distinct" and item.rule.distinct_by:
        yield BadDefinition("Only a number of different values needs a property.", path, "distinct_by")


def cycle(segment: int, asked: Mapping[int, Group]) -> list[int]:
    """The way from `segment` back to itself through segments that ask about segments; empty when there is none."""
    way: list[int] = []

    def leads_back(current: int) -> bool:
        for asks in sorted(asked_segments(asked[current])) if current in asked else ():
            if asks == segment:
                way.append(current)
                return True
            if asks not in seen:
                seen.add(asks)
                if leads_back(asks):
                    way.append(current)
                    return True
        return False

    seen: set[int] = set()
    return way[::-1] if leads_back(segment) else []


def in_order(asked: Mapping[int, Group]) -> list[int]:
    """Each after all those that it asks about. One that asks in a circle, which nobody can save, is left out with
    all that ask about it.
    """
    order: list[int] = []
    waiting = dict(asked)
    while waiting:
        ready = [pk for pk, group in waiting.items() if not asked_segments(group) & waiting.keys()]
        if not ready:
            break
        order += sorted(ready)
        for pk in ready:
            del waiting[pk]
    return order
