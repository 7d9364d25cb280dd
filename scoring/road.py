"""The road to MQL: the few changes that would qualify a lead, the cheapest first.

Step    something the lead would do (again), or a field nobody knows yet that turns out to match. What is known stays
        known, and what we do ourselves (send, note, lower) is no step
Order   fewest steps, then least effort: a field to learn is 1, each thing to do is 2
Check   every road is the oracle's answer for the history with its steps added, never a sum of points
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from scoring import rules
from scoring.conditions import Verdict, known_items
from scoring.course import Course
from scoring.language import MEASURES, MOST_SECONDS, Condition, Fact, Rule, Shape
from scoring.rules import Score, Tally, concerns, fit_verdict

# Not done by the lead.
OURS = frozenset({"email_sent", "email_delivered", "score_lowered", "points_added", "points_taken", "note"})
MOST_STEPS = 3
ENOUGH = 3  # roads found before longer ones are looked for
SHOWN = 5
SHORTLIST = 14  # changes that are combined: those that bring the lead nearest
MOST_TIMES = 12  # occurrences of one thing
TIMES_EACH = 5  # for rules that give points each time
STRETCH = 600  # seconds that count as one thing done
LEARN, DO = 1, 2


@dataclass(frozen=True)
class Step:
    """`times` things done (`again`: some were before), or `seconds` spent, or `learnt` fields. From `before`
    (microseconds) on what was done before counts no more.
    """

    rule: Rule
    effort: int
    times: int = 0
    seconds: int = 0
    again: bool = False
    before: int | None = None
    facts: tuple[Fact, ...] = ()
    shapes: Mapping[int, Shape] = field(default_factory=dict)
    learnt: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Road:
    steps: tuple[Step, ...]
    result: Score

    @property
    def cost(self) -> tuple[int, int]:
        return len(self.steps), sum(step.effort for step in self.steps)


@dataclass(frozen=True)
class Roads:
    """`best` is the furthest that any of the combinations looked at would come; None when none was."""

    found: tuple[Road, ...]
    best: Score | None = None


def roads(course: Course) -> Roads:
    """For a lead that does not qualify at the course's instant; none for one that is disqualified by a rule."""
    if course.score().disqualified:
        return Roads(())
    single = [Road((step,), _taken(course, (step,)).score()) for step in steps(course)]
    found = [road for road in single if road.result.qualifies]
    short = _nearest(course, [road for road in single if not road.result.qualifies])
    tried = list(single)
    for size in range(2, MOST_STEPS + 1):
        if len(found) >= ENOUGH or (found and size == MOST_STEPS):
            break
        longer = _longer(course, short, found, size)
        tried += longer
        found += [road for road in longer if road.result.qualifies]
    best = max((road.result for road in tried), key=lambda result: result.total, default=None)
    return Roads(tuple(_proved(course, sorted(found, key=lambda road: road.cost))), best)


def _proved(course: Course, found: Iterable[Road]) -> Iterator[Road]:
    """Only what the oracle says of the whole history; of several ways along the same rules the cheapest."""
    seen: set[frozenset[str]] = set()
    for road in found:
        names = frozenset(step.rule.key for step in road.steps)
        if names in seen or len(seen) == SHOWN:
            continue
        taken = _taken(course, road.steps)
        told = rules.score(taken.model, taken.shapes, taken.facts, taken.fields, taken.as_of)
        if told.qualifies:
            seen.add(names)
            yield Road(road.steps, told)


def _taken(course: Course, taken: Sequence[Step]) -> Course:
    facts = [fact for step in taken for fact in step.facts]
    shapes = {pk: shape for step in taken for pk, shape in step.shapes.items()}
    return course.with_more(
        facts, shapes, {key: value for step in taken for key, value in step.learnt.items()}
    )


def _nearest(course: Course, single: list[Road]) -> list[Step]:
    """Steps that bring the lead nearer, those that do most of what is missing first."""
    here, model = course.score(), course.model

    def nearer(road: Road) -> int:
        gains = min(road.result.total, model.threshold) - min(here.total, model.threshold)
        fits = min(road.result.fit, model.fit_floor) - min(here.fit, model.fit_floor)
        return gains + fits

    useful = sorted(
        (road for road in single if nearer(road) > 0), key=lambda road: (-nearer(road), road.cost)
    )
    return [road.steps[0] for road in useful[:SHORTLIST]]


def _longer(course: Course, short: list[Step], found: list[Road], size: int) -> list[Road]:
    """Combinations of so many steps of which no part would do alone."""
    done = [set(map(id, road.steps)) for road in found]
    return [
        Road(chosen, _taken(course, chosen).score())
        for chosen in combinations(short, size)
        if _together(chosen) and not any(part <= set(map(id, chosen)) for part in done)
    ]


def _together(chosen: Sequence[Step]) -> bool:
    """Different rules, and no field that would have two values."""
    fields = [name for step in chosen for name in step.learnt]
    return len({step.rule.key for step in chosen}) == len(chosen) and len(set(fields)) == len(fields)


# Steps


def steps(course: Course) -> list[Step]:
    """Every single change that is looked at."""
    found: list[Step] = []
    for tally in course.tallies():
        if _wanted(tally.rule) and tally.rule.activity not in OURS:
            found += _done(tally, course, -1 - 100 * len(found))
    for rule in course.model.active("fit"):
        if _wanted(rule) and course.fits[rule.key] == Verdict.OPEN:
            found += _learnt(rule, course)
    return found


def _wanted(rule: Rule) -> bool:
    return rule.effect == "critical" or rule.gives > 0


def _done(tally: Tally, course: Course, shape_id: int) -> Iterator[Step]:
    rule = tally.rule
    if rule.aggregate == "sum":
        yield from _spent(tally, course, shape_id)
        return
    for times in _how_often(tally):
        new = [_sample(rule, shape_id - n, n) for n in range(times)]
        shapes = {pk: shape for pk, shape, _ in new}
        facts = tuple(_fact(pk, rule, course.as_of, measures) for pk, _, measures in new)
        if all(concerns(rule, shapes, fact) for fact in facts):
            yield Step(
                rule,
                DO * times,
                times,
                again=bool(tally.counted),
                before=_before(tally),
                facts=facts,
                shapes=shapes,
            )


def _spent(tally: Tally, course: Course, shape_id: int) -> Iterator[Step]:
    rule = tally.rule
    awarded = rule.mode == "each" and rule.effect == "points"
    wanted = [rule.n * times for times in range(1, TIMES_EACH + 1)] if awarded else [rule.n - tally.aggregate]
    for seconds in wanted:
        pk, shape, measures = _sample(rule, shape_id, 0)
        fact = Fact(pk, course.as_of, max(seconds, 1), measures.get("amount", 0))
        if seconds <= MOST_SECONDS and concerns(rule, {pk: shape}, fact) and (awarded or _worth_it(tally)):
            effort = DO * max(1, -(-seconds // STRETCH))
            again, before = bool(tally.counted), None if awarded else _before(tally)
            yield Step(rule, effort, 1, fact.seconds, again, before, facts=(fact,), shapes={pk: shape})


def _how_often(tally: Tally) -> list[int]:
    rule = tally.rule
    if rule.mode == "each" and rule.effect == "points":
        return list(range(1, TIMES_EACH + 1))
    if not _worth_it(tally):
        return []
    missing = max(rule.n - tally.aggregate, 1)
    return [missing] if missing <= MOST_TIMES else []


def _worth_it(tally: Tally) -> bool:
    """A threshold that is met already gives more only when its award has faded."""
    return not tally.satisfied or tally.rule.half_life is not None


def _before(tally: Tally) -> int | None:
    """Until when the occurrences that are there still count together with the new ones."""
    reach = tally.rule.reach
    adds = tally.rule.mode == "threshold" and not tally.satisfied and tally.counted
    return tally.counted[-1].occurred_at + reach if adds and reach is not None else None


def _sample(rule: Rule, shape_id: int, number: int) -> tuple[int, Shape, dict[str, int]]:
    """Something a lead could do that meets the rule; `number` tells apart what has to be different."""
    values = {item.field: _value(item) for item in rule.conditions if item.op != "unknown"}
    props = {name: str(value) for name, value in values.items() if name not in MEASURES}
    if rule.aggregate == "distinct":
        props.setdefault(rule.distinct_by, f"another {number + 1}")
    measures = {name: int(value) for name, value in values.items() if name in MEASURES}
    return shape_id, Shape(rule.activity, props), measures


def _fact(shape_id: int, rule: Rule, at: int, measures: Mapping[str, int]) -> Fact:
    return Fact(shape_id, at, measures.get("seconds", 0), measures.get("amount", 0))


def _value(condition: Condition) -> Any:
    """One value that meets the condition."""
    if condition.op in ("is_not", "not_in"):
        return "something else"
    if condition.op == "known":
        return "something"
    return condition.values[0] if condition.values else ""


def _learnt(rule: Rule, course: Course) -> Iterator[Step]:
    """Its unknown fields turn out to match."""
    unknown = [item for item in rule.conditions if not known_items(course.fields.get(item.field))]
    learnt = {item.field: _value(item) for item in unknown if item.op != "unknown"}
    if learnt and fit_verdict(rule, {**course.fields, **learnt}) >= Verdict.LOOSE:
        yield Step(rule, LEARN * len(learnt), learnt=learnt)
