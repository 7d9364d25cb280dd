"""The road to MQL in words: what a lead would do, or what we would learn, and why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from scoring.conditions import known_items
from scoring.explain import Explanation
from scoring.facts import instant
from scoring.horizon import ends_of
from scoring.language import Rule
from scoring.road import Road, Roads, Step, roads
from scoring.rules import Score
from scoring.sentences import Labels, conditions_sentence, happening


@dataclass(frozen=True)
class ShownStep:
    words: str
    before: datetime | None


@dataclass(frozen=True)
class ShownRoad:
    steps: list[ShownStep]
    result: Score
    more: int
    at_once: bool


@dataclass(frozen=True)
class Way:
    """`obstacle` says why there is no road; empty when there are some."""

    roads: list[ShownRoad]
    obstacle: str


def way_of(found: Explanation, labels: Labels) -> Way | None:
    """None for a lead that qualifies already."""
    if found.qualified:
        return None
    if found.excluded_because or found.result.disqualified:
        return Way([], _excluded(found))
    ways = roads(found.course)
    if not ways.found:
        return Way([], _out_of_reach(found, ways))
    return Way([_shown(found, road, labels) for road in ways.found], "")


def _shown(found: Explanation, road: Road, labels: Labels) -> ShownRoad:
    return ShownRoad(
        steps=[_step(step, found.course.fields, labels) for step in road.steps],
        result=road.result,
        more=road.result.total - found.result.total,
        at_once=road.result.critical is not None,
    )


def _step(step: Step, fields: Mapping[str, object], labels: Labels) -> ShownStep:
    if step.learnt:
        asked = [item for item in step.rule.conditions if not known_items(fields.get(item.field))]
        return ShownStep(f"We learn that {conditions_sentence(asked, labels)}", None)
    words = happening(step.rule, step.times, step.seconds, step.again, labels)
    return ShownStep(words, instant(step.before) if step.before else None)


def _excluded(found: Explanation) -> str:
    if found.excluded_because:
        return f"A colleague disqualified this lead: {found.excluded_because}. Only taking that back could change it."
    rule = next(rule for rule in found.model.rules if rule.key == found.result.disqualified)
    until = _excluded_until(found, rule)
    ends = (
        f"It ends on {until:%-d %B %Y} if it does not happen again."
        if until
        else "Nothing the lead does changes that."
    )
    return f"The rule “{rule.name}” excludes this lead. {ends}"


def _excluded_until(found: Explanation, rule: Rule) -> datetime | None:
    mine = [tally for tally in found.course.tallies() if tally.rule.key == rule.key]
    ends = ends_of(mine, found.course.as_of)
    return instant(min(ends)) if ends else None


def _out_of_reach(found: Explanation, ways: Roads) -> str:
    model, result = found.model, found.result
    if result.fit < model.fit_floor and result.fit_high < model.fit_floor:
        return (
            f"Its fit is {result.fit} and could become {result.fit_high} at most, as what is known of it does not"
            f" match. The definition asks for {model.fit_floor}, whatever else it does."
        )
    best = max(ways.best.total, result.total) if ways.best else result.total
    return f"No three changes reach the line of {model.threshold}: the furthest they come is {best}.".replace(
        "-", "−"
    )
