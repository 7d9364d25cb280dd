"""A score as lines that add up: whole points whose sum is the total, axis by axis.

Shares of a point are settled by largest remainder, so a line may differ from its own rounding by less than one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from scoring.conditions import Verdict, known_items
from scoring.course import Course
from scoring.language import DAY, SCALE, SECOND, Fact, Group, Model, Rule
from scoring.rules import (
    Fields,
    Score,
    Shapes,
    Tally,
    clamped,
    raw_worth,
    settle,
)
from scoring.sentences import NO_LABELS, Labels, counted, duration, happened, matched, signed_points, unknown

MOST_IDS = 50


@dataclass(frozen=True)
class Line:
    """`kind` is rule, cap, floor or ceiling. `fact_ids` are the newest counted, MOST_IDS at most; `newest_at` in
    microseconds; `weight` shows the sum behind the points.
    """

    kind: str
    rule: str | None
    name: str
    group: str
    points: int
    reason: str
    weight: str = ""
    newest_at: int | None = None
    fact_ids: tuple[int, ...] = ()


@dataclass(frozen=True)
class Explanation:
    score: Score
    lines: tuple[Line, ...]


Draft = tuple[Line, int]  # a line without its points, and its exact worth in parts of a point


def explain(
    model: Model,
    shapes: Shapes,
    facts: Iterable[Fact],
    fields: Fields,
    as_of: int,
    labels: Labels = NO_LABELS,
) -> Explanation:
    return explain_course(Course.of(model, shapes, facts, fields, as_of), labels)


def explain_course(course: Course, labels: Labels = NO_LABELS) -> Explanation:
    model, found, fits = course.model, course.tallies(), course.fits
    score = settle(model, found, fits)
    drafts = {
        group.key: list(_group(group, model, found, fits, course.fields, course.as_of, labels))
        for group in model.groups
    }
    settled = {
        **_settled(drafts, model.group_keys("fit"), score.fit),
        **_settled(drafts, model.group_keys("engagement"), score.engagement),
    }
    return Explanation(score, tuple(line for group in model.groups for line in settled[group.key]))


def _settled(drafts: Mapping[str, list[Draft]], keys: set[str], points: int) -> dict[str, list[Line]]:
    own = {key: lines for key, lines in drafts.items() if key in keys}
    shares = iter(apportioned([worth for lines in own.values() for _, worth in lines], points))
    return {key: [replace(line, points=next(shares)) for line, _ in lines] for key, lines in own.items()}


def apportioned(worths: Sequence[int], points: int) -> list[int]:
    """Whole points that sum to `points`, each less than one away from its worth."""
    shares = [worth // SCALE for worth in worths]
    by_remainder = sorted(range(len(worths)), key=lambda i: worths[i] % SCALE, reverse=True)
    for i in by_remainder[: points - sum(shares)]:
        shares[i] += 1
    return shares


def _group(
    group: Group,
    model: Model,
    found: Sequence[Tally],
    fits: Mapping[str, Verdict],
    fields: Fields,
    as_of: int,
    labels: Labels,
) -> Iterator[Draft]:
    by_key = {tally.rule.key: tally for tally in found}
    for rule in model.rules:
        if rule.group == group.key and rule.key in by_key:
            yield from _behaviour(by_key[rule.key], group, as_of, labels)
        elif rule.group == group.key and rule.key in fits:
            yield from _fit(rule, group, fits[rule.key], fields, labels)
    raw = raw_worth(group, model, found, fits)
    yield from _clamp(group, clamped(group, raw) - raw)


def _behaviour(tally: Tally, group: Group, as_of: int, labels: Labels) -> Iterator[Draft]:
    rule = tally.rule
    if not (tally.mass if rule.effect == "points" else tally.satisfied):
        return
    line = replace(
        _line(rule, group, happened(rule, tally.aggregate, labels)),
        weight=_weight(tally, as_of) if tally.mass else "",
        newest_at=tally.counted[0].occurred_at,
        fact_ids=tuple(fact.id for fact in tally.counted if fact.id)[:MOST_IDS],
    )
    uncapped = tally.mass if rule.gives > 0 else -tally.mass
    yield line, uncapped
    if tally.worth != uncapped:
        most = f"This rule gives at most {signed_points(rule.ceiling if rule.gives > 0 else -rule.ceiling)}"
        yield Line("cap", rule.key, rule.name, group.name, 0, most), tally.worth - uncapped


def _fit(rule: Rule, group: Group, found: Verdict, fields: Fields, labels: Labels) -> Iterator[Draft]:
    if found == Verdict.OPEN:
        missing = [item.field for item in rule.conditions if not known_items(fields.get(item.field))]
        yield replace(_line(rule, group, unknown(missing, labels)), weight=_if_known(rule)), 0
    elif found >= Verdict.LOOSE:
        yield _line(rule, group, matched(rule, fields, labels)), rule.gives * SCALE


def _if_known(rule: Rule) -> str:
    return f"could give {signed_points(rule.gives)}" if rule.gives else ""


def _line(rule: Rule, group: Group, reason: str) -> Line:
    ending = {"critical": ", which qualifies at once", "disqualify": ", which excludes"}.get(rule.effect, "")
    said = reason if reason.endswith("not known yet") else reason + ending
    return Line("rule", rule.key, rule.name, group.name, 0, said[:1].upper() + said[1:])


def _clamp(group: Group, change: int) -> Iterator[Draft]:
    if change:
        kind, bound, word = (
            ("floor", group.minimum, "least") if change > 0 else ("ceiling", group.maximum, "most")
        )
        reason = f"{group.name} counts at {word} {bound:,}".replace("-", "−")
        yield Line(kind, None, group.name, group.name, 0, reason), change


def _weight(tally: Tally, as_of: int) -> str:
    """As in: 25 × 0.98, halves every 30 days, newest 1 day ago."""
    rule = tally.rule
    times = f"{tally.mass / (abs(rule.gives) * SCALE):.2f}".rstrip("0").rstrip(".")
    fading = {"half_life": "halves every ", "expiry": "gone after "}.get(rule.decay)
    return ", ".join(
        [
            f"{rule.gives:,} × {times}".replace("-", "−"),
            *([fading + duration(rule.decay_seconds)] if fading else []),
            f"newest {ago(as_of - tally.counted[0].occurred_at)}",
        ]
    )


def ago(age: int) -> str:
    """Microseconds in words, whole units rounded down."""
    seconds = age // SECOND
    for noun, size in (("day", DAY), ("hour", 3_600), ("minute", 60)):
        if seconds >= size:
            return f"{counted(seconds // size, noun)} ago"
    return "just now"
