"""What is worth an alert: a high-value action, or a score that crosses a line. In words, and whether it can happen.

Action    a behaviour rule of the language, read as a threshold: how often, of what, within which time
Crossing  between two scorings of one lead, from `was` to `now`
Limits    for which leads at all; they hold as of the alert
Pure      no database, no clock; instants are microseconds, durations seconds
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from scoring.conditions import Verdict, known_items, number_range, text_of, verdict
from scoring.language import DAY, Condition, Group, Model, Rule
from scoring.sentences import NO_LABELS, Labels, counted, did, duration, happened, situation
from scoring.validation import problems as problems_of_model

HOUR = 3_600
LONGEST_COOL_DOWN = 365 * DAY
GROUP = Group(key="watched", name="Watched", axis="engagement", minimum=0, maximum=1_000)
CROSSINGS = ("rises", "band", "qualifies", "falls", "leaves")
UPWARDS = ("rises", "band", "qualifies")
WITH_POINTS = ("rises", "falls")
BANDS = tuple(letter + digit for letter in "ABCD" for digit in "1234")
EXACT, RANGES = ("is", "in"), ("at_least", "at_most", "between")


class Standing(NamedTuple):
    """Where a lead stands; before its first scoring the band is empty."""

    total: int
    band: str
    qualified: bool


@dataclass(frozen=True)
class Watch:
    """Either an action or a crossing. What happened before `since` raises nothing."""

    id: int
    action: Rule | None = None
    crossing: str = ""
    points: int = 0
    band: str = ""
    least_score: int | None = None
    only_qualified: bool = False
    only_owned: bool = False
    cool_down: int = DAY
    since: int = 0

    def admits(self, now: Standing, *, owned: bool) -> bool:
        enough = self.least_score is None or now.total >= self.least_score
        return enough and (now.qualified or not self.only_qualified) and (owned or not self.only_owned)


class Fault(NamedTuple):
    """`field` names the input to mark."""

    field: str
    message: str


def crossed(watch: Watch, was: Standing, now: Standing) -> bool:
    match watch.crossing:
        case "rises":
            return was.total < watch.points <= now.total
        case "falls":
            return bool(was.band) and was.total >= watch.points > now.total
        case "band":
            return _reaches(now.band, watch.band) and not _reaches(was.band, watch.band)
        case "qualifies":
            return now.qualified and not was.qualified
        case "leaves":
            return was.qualified and not now.qualified
    return False


def _reaches(band: str, least: str) -> bool:
    """A1 reaches B2: it is no worse in fit and no worse in engagement."""
    return bool(band) and band[0] <= least[0] and band[1] <= least[1]


# In words


def sentence(watch: Watch, labels: Labels = NO_LABELS) -> str:
    """As in: When a lead asks for a demo, if it has an owner; at most once in 24 hours for one lead."""
    when = f"when {situation(watch.action, labels)}" if watch.action else _crossing(watch)
    limits = " and ".join(_limits(watch))
    rest = f"{f', if it {limits}' if limits else ''}; at most once in {_hours(watch.cool_down)} for one lead."
    return f"{when[:1].upper()}{when[1:]}{rest}"


def words(watch: Watch, now: Standing, aggregate: int = 1, labels: Labels = NO_LABELS) -> str:
    """What happened, to stand behind the name of the lead."""
    if watch.action is not None:
        plain = watch.action.aggregate == "count" and watch.action.n == 1
        return did(watch.action, labels) if plain else happened(watch.action, aggregate, labels)
    points = counted(now.total, "point")
    return {
        "rises": f"rose to {points}",
        "falls": f"fell below {watch.points:,}, to {points}",
        "band": f"reached band {now.band} with {points}",
        "qualifies": f"qualifies with {points}",
        "leaves": f"no longer qualifies, with {points}",
    }[watch.crossing]


def _crossing(watch: Watch) -> str:
    return {
        "rises": f"when the score of a lead rises to {watch.points:,} or more",
        "falls": f"when the score of a lead falls below {watch.points:,}",
        "band": f"when a lead reaches band {watch.band} or better",
        "qualifies": "when a lead comes to meet the definition of an MQL",
        "leaves": "when a lead falls out of the definition of an MQL, below the line minus the margin",
    }.get(watch.crossing, "when …")


def _limits(watch: Watch) -> Iterator[str]:
    if watch.least_score is not None:
        yield f"has at least {watch.least_score:,} points"
    if watch.only_qualified:
        yield "qualifies"
    if watch.only_owned:
        yield "has an owner"


def _hours(seconds: int) -> str:
    return "24 hours" if seconds == DAY else duration(seconds)


# What cannot happen


def faults(watch: Watch, model: Model | None) -> list[Fault]:
    """What keeps this watch from ever being right, in words; `model` is the definition in force, if there is one."""
    found = list(_of_action(watch.action) if watch.action else _of_crossing(watch, model))
    if not HOUR <= watch.cool_down <= LONGEST_COOL_DOWN:
        found.append(Fault("cool_down_hours", "The pause for one lead must be from 1 hour to a year."))
    return [*found, *_of_limits(watch, model)]


def alone(*rules: Rule) -> Model:
    """A model that says nothing but these rules."""
    numbered = tuple(replace(rule, key=f"watch-{row}") for row, rule in enumerate(rules))
    return Model(0, 0, 0, 0, (3, 2, 1), (3, 2, 1), (GROUP,), numbered)


def _of_action(rule: Rule) -> Iterator[Fault]:
    found = problems_of_model(alone(rule))
    yield from (Fault(problem.field, problem.message) for problem in found if problem.rule_key)
    if found:
        return
    contradiction = contradiction_of(rule.conditions)
    if contradiction:
        yield Fault("conditions", contradiction)
    elif rule.aggregate == "distinct" and 0 < _most_different(rule) < rule.n:
        yield Fault(
            "n", f"The conditions leave {_most_different(rule)} different; {rule.n:,} cannot come together."
        )


def _of_crossing(watch: Watch, model: Model | None) -> Iterator[Fault]:
    if watch.crossing not in CROSSINGS:
        yield Fault("crossing", "Choose which line is crossed.")
    if watch.crossing == "band" and watch.band not in BANDS:
        yield Fault("band", "Choose the band to reach.")
    if watch.crossing not in WITH_POINTS or model is None:
        return
    least, most = _reach(model)
    if watch.crossing == "rises" and watch.points > most:
        yield Fault("points", f"No lead can rise to {watch.points:,}: the groups give at most {most:,}.")
    if watch.points <= least:
        yield Fault("points", f"No lead is ever below {watch.points:,}: the groups give at least {least:,}.")


def _of_limits(watch: Watch, model: Model | None) -> Iterator[Fault]:
    least = watch.least_score
    if least is not None and model is not None and least > _reach(model)[1]:
        yield Fault("least_score", f"No lead has so many: the groups give at most {_reach(model)[1]:,}.")
    if watch.crossing == "falls" and least is not None and least >= watch.points:
        yield Fault("least_score", f"Whoever falls below {watch.points:,} has fewer points than that.")
    if watch.crossing == "leaves" and watch.only_qualified:
        yield Fault("only_qualified", "Whoever falls out of the definition does not qualify any more.")


def _reach(model: Model) -> tuple[int, int]:
    return sum(group.minimum for group in model.groups), sum(group.maximum for group in model.groups)


def contradiction_of(conditions: Iterable[Condition]) -> str:
    """Why these can never hold together, for a property has one value; empty if they can."""
    by_field: dict[str, list[Condition]] = defaultdict(list)
    for condition in conditions:
        by_field[condition.field].append(condition)
    return next(
        (f"No {name} can meet all its conditions." for name, all_ in by_field.items() if _never(all_)), ""
    )


def _never(conditions: list[Condition]) -> bool:
    ops = {condition.op for condition in conditions}
    if "unknown" in ops:
        return len(ops) > 1
    exact = next((condition for condition in conditions if condition.op in EXACT), None)
    if exact is not None:
        return not any(all(_meets(other, value) for other in conditions) for value in exact.values)
    return _empty([number_range(condition) for condition in conditions if condition.op in RANGES])


def _meets(condition: Condition, value: object) -> bool:
    return verdict(condition, value) >= Verdict.LOOSE


def _empty(ranges: list[tuple[Any, Any]]) -> bool:
    lows = [low for low, _ in ranges if low is not None]
    highs = [high for _, high in ranges if high is not None]
    return bool(lows and highs) and max(lows) > min(highs)


def _most_different(rule: Rule) -> int:
    """How many values the conditions leave the property that must differ; 0 for as many as there are."""
    exact = [c for c in rule.conditions if c.field == rule.distinct_by and c.op in EXACT]
    return min((len({text_of(item) for item in known_items(c.values)}) for c in exact), default=0)
