"""What is wrong with a model, in words its author can act on. A model with problems is never published.

The bounds here are what keeps the kernel's sums inside 64 bits; see `language`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any, NamedTuple

from leads.kinds import is_kind
from scoring.conditions import number_of, text_of
from scoring.language import (
    CHOICES,
    LONGEST,
    MEASURES,
    MOST_GROUP,
    MOST_N,
    MOST_POINTS,
    MOST_RULES,
    OPS,
    RULE_CEILING,
    Condition,
    Group,
    Model,
    Rule,
)

RANGES = ("at_least", "at_most", "between")
WITHOUT_VALUE = ("known", "unknown")
ONE_VALUE = ("is", "is_not", "at_least", "at_most")
MEASURE_OPS = ("is", *RANGES)
MOST_MEASURE = 1 << 60


class Problem(NamedTuple):
    """`rule_key` is None for the model itself; `field` names the input to mark."""

    rule_key: str | None
    field: str
    message: str


def problems(model: Model) -> list[Problem]:
    found = [Problem(None, field, message) for field, message in _of_model(model)]
    for rule in model.rules:
        found += [Problem(rule.key, field, message) for field, message in _of_rule(rule, model)]
    return found


Found = Iterator[tuple[str, str]]


def _of_model(model: Model) -> Found:
    yield from _keys("rules", (rule.key for rule in model.rules))
    yield from _keys("groups", (group.key for group in model.groups))
    for group in model.groups:
        yield from _of_group(group)
    for field, cuts in (("fit_cuts", model.fit_cuts), ("engagement_cuts", model.engagement_cuts)):
        if not cuts[0] > cuts[1] > cuts[2]:
            yield field, "The lower bounds of the bands must descend, the best band first."
    if model.margin < 0:
        yield "margin", "The margin cannot be negative."
    if len(model.rules) > MOST_RULES:
        yield "rules", f"A model has at most {MOST_RULES:,} rules."
    yield from _reachable(model)


def _keys(field: str, keys: Iterable[str]) -> Found:
    for key, number in Counter(keys).items():
        if number > 1:
            yield field, f"The key “{key}” is used {number} times; every key must be its own."


def _of_group(group: Group) -> Found:
    if group.axis not in CHOICES["axis"]:
        yield "groups", f"Group “{group.name}” must count for fit or for engagement."
    if group.minimum > group.maximum:
        yield "groups", f"Group “{group.name}” has a minimum above its maximum."
    if max(abs(group.minimum), abs(group.maximum)) > MOST_GROUP:
        yield "groups", f"Group “{group.name}” must stay between −{MOST_GROUP:,} and {MOST_GROUP:,}."


def _reachable(model: Model) -> Found:
    critical = any(rule.enabled and rule.effect == "critical" for rule in model.rules)
    most = sum(group.maximum for group in model.groups)
    most_fit = sum(group.maximum for group in model.groups if group.axis == "fit")
    if model.threshold > most and not critical:
        yield (
            "threshold",
            f"No lead can qualify: the groups give at most {most:,} and the line is {model.threshold:,}.",
        )
    if model.fit_floor > most_fit:
        yield "fit_floor", f"No lead can reach this fit: the fit groups give at most {most_fit:,}."


def _of_rule(rule: Rule, model: Model) -> Found:
    for field in ("subject", "effect", "aggregate", "mode", "decay"):
        if getattr(rule, field) not in CHOICES[field]:
            yield field, f"“{getattr(rule, field)}” is not one of: {', '.join(CHOICES[field])}."
    yield from _of_points(rule)
    group = next((group for group in model.groups if group.key == rule.group), None)
    if group is None:
        yield "group", "The rule belongs to no group of this model."
    if rule.subject == "behaviour":
        if group is not None and group.axis == "fit":
            yield "group", "What a lead does counts for engagement; choose an engagement group."
        yield from _of_behaviour(rule)
    else:
        yield from _of_fit(rule)
    for condition in rule.conditions:
        yield from _of_condition(condition, rule.subject == "behaviour")


def _of_points(rule: Rule) -> Found:
    if rule.effect == "points" and rule.points == 0:
        yield "points", "A rule that gives 0 points does nothing. Give it points or switch it off."
    if rule.effect != "points" and rule.points != 0:
        yield "points", "A critical or disqualifying rule gives no points; leave them at 0."
    if abs(rule.points) > MOST_POINTS:
        yield "points", f"Points must stay between −{MOST_POINTS:,} and {MOST_POINTS:,}."
    if rule.cap is not None and not 1 <= rule.cap <= RULE_CEILING:
        yield "cap", f"The cap must be from 1 to {RULE_CEILING:,}, or empty for none."


def _of_behaviour(rule: Rule) -> Found:
    if not rule.activity:
        yield "activity", "Choose the activity this rule counts."
    elif not is_kind(rule.activity):
        yield "activity", f"There is no activity “{rule.activity}”."
    if rule.window_seconds is not None and not 1 <= rule.window_seconds <= LONGEST:
        yield (
            "window_seconds",
            "The window must be longer than 0 and at most 10 years, or empty for all time.",
        )
    if rule.decay != "none" and not 1 <= rule.decay_seconds <= LONGEST:
        yield "decay_seconds", "Say how long the decay takes: longer than 0 and at most 10 years."
    if not 1 <= rule.n <= MOST_N:
        yield "n", f"The number must be from 1 to {MOST_N:,}."
    if rule.aggregate == "distinct" and not rule.distinct_by:
        yield "distinct_by", "Say which property must differ, for example the asset."
    if rule.mode == "each" and rule.effect != "points":
        yield (
            "mode",
            "Only points can be given each time; a critical or disqualifying rule needs a threshold.",
        )
    if rule.mode == "each" and rule.aggregate != "sum" and rule.n > 1:
        yield "n", "Points for each occurrence start with the first; leave the number at 1."


def _of_fit(rule: Rule) -> Found:
    """What a lead is holds or does not: it happens neither often nor at an instant."""
    if not rule.conditions:
        yield "conditions", "Without a condition this rule would match every lead. Add one."
    if rule.activity:
        yield "activity", "A fit rule looks at who a lead is; leave the activity empty."
    if rule.n != 1 or rule.aggregate != "count":
        yield "n", "A fit rule counts nothing; leave this at a count of 1."
    if rule.mode != "threshold":
        yield "mode", "A fit rule gives its points once."
    if rule.window_seconds is not None:
        yield "window_seconds", "A fit rule has no window; leave it empty."
    if rule.decay != "none":
        yield "decay", "The points of a fit rule do not fade; choose none."
    if rule.cap is not None:
        yield "cap", "A fit rule gives its points once; leave the cap empty."


def condition_problem(condition: Condition) -> str | None:
    """What is wrong with a condition on who a lead is, outside of a model."""
    return _condition_problem(condition, measure=False)


def no_such_field(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name.lower(), known, n=1)
    return f"there is no such field.{f' Did you mean {close[0]}?' if close else ''}"


def _of_condition(condition: Condition, on_behaviour: bool) -> Found:
    message = _condition_problem(condition, on_behaviour and condition.field in MEASURES)
    if message:
        yield "conditions", f"Condition on “{condition.field}”: {message}" if condition.field else message


def _condition_problem(condition: Condition, measure: bool) -> str | None:
    if not condition.field:
        return "A condition needs a field."
    if condition.op not in OPS:
        return f"there is no operator “{condition.op}”."
    if measure and condition.op not in MEASURE_OPS:
        return "a measure can be exact, at least, at most or between."
    if condition.op in WITHOUT_VALUE:
        return None if not condition.values else "known and unknown take no value."
    wrong = _wrong_number_of_values(condition)
    if wrong is None and (measure or condition.op in RANGES):
        wrong = _range_problem(condition, measure)
    return wrong


def _wrong_number_of_values(condition: Condition) -> str | None:
    values = condition.values
    if not values or any(not text_of(value) for value in values):
        return "give it a value; blank ones match nothing."
    if condition.op == "between" and len(values) != 2:
        return "between needs a lower and an upper value."
    if condition.op in ONE_VALUE and len(values) != 1:
        return "this operator takes one value."
    return None


def _range_problem(condition: Condition, measure: bool) -> str | None:
    numbers: list[Any] = [number_of(value) for value in condition.values]
    if any(number is None for number in numbers):
        return "the value must be a number."
    if measure and any(number != int(number) or not 0 <= number <= MOST_MEASURE for number in numbers):
        return "seconds and hundredths are whole numbers from 0."
    if len(numbers) == 2 and numbers[0] > numbers[1]:
        return "the lower value is above the upper one."
    return None
