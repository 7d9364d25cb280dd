"""A model as flat arrays for the kernel: conditions are settled over the shapes, never over the facts.

Form    `rules` has one row per rule of the model (the row number names the rule everywhere), columns below;
        `spans[shape_id]` is the (first, last) range of that shape in `entries`, whose rows are (rule, distinct key),
        the rule with the longest reach first
Grows   shapes are a dictionary that only grows: `extend` adds the new ones, in any order and with gaps,
        because two writers may commit theirs the other way round
Safe    a scorer works on the snapshot it took; `extend` replaces the snapshot, it changes no array in place
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from threading import Lock
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scoring.conditions import Verdict, all_of, number_range, text_of, verdict
from scoring.language import MEASURES, SCALE, Condition, Group, Model, Rule, Shape

NEVER = 1 << 62  # an instant no clock reaches; NEVER + an instant still fits int64

# Columns of `rules`
SIGN, POINTS, GROUP, AGGREGATE, EACH, N, REACH, HALF_LIFE, AWARD_LIFE, CEILING, EFFECT = range(11)
MEASURED, LEAST_SECONDS, MOST_SECONDS, LEAST_AMOUNT, MOST_AMOUNT = range(11, 16)
COUNT, DISTINCT, SUM = range(3)
GIVES_POINTS, CRITICAL, DISQUALIFIES = range(3)
AGGREGATES = {"count": COUNT, "distinct": DISTINCT, "sum": SUM}
EFFECTS = {"points": GIVES_POINTS, "critical": CRITICAL, "disqualify": DISQUALIFIES}

# Columns of `groups`
MINIMUM, MAXIMUM, ON_FIT = range(3)

UNSEEN = -1  # in `spans`: nobody has shown us this shape yet


class Snapshot(NamedTuple):
    """All that the kernel reads about a model. Worth is in parts of a point, time in microseconds."""

    rules: NDArray[np.int64]
    groups: NDArray[np.int64]
    spans: NDArray[np.int32]
    entries: NDArray[np.int32]
    keys: int
    longest: int


class CompiledModel:
    def __init__(self, model: Model) -> None:
        """Trusts the model: refuse what `validation.problems` finds before. ValueError for what no array can say."""
        self.model = model
        self._group_rows = {group.key: row for row, group in enumerate(model.groups)}
        self._keys: dict[tuple[int, str], int] = {}
        self._by_kind = self._rules_by_kind()
        self._growing = Lock()
        self.snapshot = Snapshot(
            rules=np.array([self._rule_row(rule) for rule in model.rules], np.int64).reshape(-1, 16),
            groups=np.array([_group_row(group) for group in model.groups], np.int64).reshape(-1, 3),
            spans=np.full((1, 2), UNSEEN, np.int32),
            entries=np.zeros((0, 2), np.int32),
            keys=0,
            longest=max((_or_never(rule.reach) for rule in model.active("behaviour")), default=NEVER),
        )

    @property
    def reads_amounts(self) -> bool:
        """Whether any rule compares the amount; if not, the facts' amounts need not be fetched."""
        conditions = (item for rule in self.model.active("behaviour") for item in rule.conditions)
        return any(condition.field == "amount" for condition in conditions)

    def missing(self, shape_ids: Iterable[int]) -> list[int]:
        spans = self.snapshot.spans
        return sorted({int(s) for s in shape_ids if s >= len(spans) or spans[s, 0] == UNSEEN})

    @property
    def last_shape(self) -> int:
        """The highest shape id that was ever shown."""
        return len(self.snapshot.spans) - 1

    def idle_shapes(self, age: int) -> NDArray[np.int64]:
        """Known shapes that no rule counts once they are older than `age` (microseconds; negative for the future)."""
        rules, _, spans, entries, *_ = self.snapshot
        counts = np.flatnonzero(spans[:, 1] > spans[:, 0])
        reach = np.full(len(spans), -NEVER, np.int64)
        reach[counts] = rules[entries[spans[counts, 0], 0], REACH]  # the longest comes first
        return np.flatnonzero((spans[:, 0] != UNSEEN) & (reach <= age))

    def extend(self, shapes: Mapping[int, Shape]) -> None:
        """Adds the shapes not known yet; ids count from 1."""
        with self._growing:
            self._extend({shape_id: shapes[shape_id] for shape_id in self.missing(shapes)})

    def _extend(self, shapes: Mapping[int, Shape]) -> None:
        old = self.snapshot
        spans = np.full((max([len(old.spans) - 1, *shapes]) + 1, 2), UNSEEN, np.int32)
        spans[: len(old.spans)] = old.spans
        fresh: list[tuple[int, int]] = []
        for shape_id, shape in shapes.items():
            first = len(old.entries) + len(fresh)
            fresh.extend(self._entries(shape))
            spans[shape_id] = first, len(old.entries) + len(fresh)
        added = np.array(fresh, np.int32).reshape(-1, 2)
        self.snapshot = old._replace(
            spans=spans, entries=np.concatenate([old.entries, added]), keys=len(self._keys)
        )

    def _entries(self, shape: Shape) -> Iterable[tuple[int, int]]:
        if shape.machine:
            return
        for row, rule, conditions in self._by_kind.get(shape.kind, ()):
            key = self._key(row, rule, shape)
            if key is not None and _admits(conditions, shape):
                yield row, key

    def _key(self, row: int, rule: Rule, shape: Shape) -> int | None:
        """A number for this rule's distinct value; None when the shape has no such value and so does not count."""
        if rule.aggregate != "distinct":
            return 0
        value = text_of(shape.props.get(rule.distinct_by) or "")
        return self._keys.setdefault((row, value), len(self._keys)) if value else None

    def _rules_by_kind(self) -> Mapping[str, list[tuple[int, Rule, list[Condition]]]]:
        found = defaultdict(list)
        for row, rule in enumerate(self.model.rules):
            if rule.enabled and rule.subject == "behaviour":
                found[rule.activity].append(
                    (row, rule, [c for c in rule.conditions if c.field not in MEASURES])
                )
        for rules in found.values():
            rules.sort(key=lambda entry: -_or_never(entry[1].reach))
        return found

    def _rule_row(self, rule: Rule) -> list[int]:
        if rule.subject == "fit":
            return [0] * 16
        group = self._group_rows[rule.group]
        if self.model.groups[group].axis == "fit":
            raise ValueError(f"Rule {rule.key!r}: behaviour belongs to an engagement group.")
        seconds, amount = (_measure_range(rule, measure) for measure in MEASURES)
        return [
            (rule.gives > 0) - (rule.gives < 0),
            abs(rule.gives),
            group,
            AGGREGATES[rule.aggregate],
            rule.mode == "each",
            rule.n,
            _or_never(rule.reach),
            rule.half_life or 0,
            _or_never(rule.award_life),
            rule.ceiling * SCALE,
            EFFECTS[rule.effect],
            any(condition.field in MEASURES for condition in rule.conditions),
            *seconds,
            *amount,
        ]


def compile_model(model: Model, shapes: Mapping[int, Shape] | None = None) -> CompiledModel:
    compiled = CompiledModel(model)
    compiled.extend(shapes or {})
    return compiled


def _group_row(group: Group) -> tuple[int, int, int]:
    return group.minimum * SCALE, group.maximum * SCALE, int(group.axis == "fit")


def _or_never(span: int | None) -> int:
    return NEVER if span is None else span


def _admits(conditions: Iterable[Condition], shape: Shape) -> bool:
    return all_of(verdict(item, shape.props.get(item.field)) for item in conditions) >= Verdict.LOOSE


def _measure_range(rule: Rule, measure: str) -> tuple[int, int]:
    """All conditions on one measure as one range of whole numbers, both ends included."""
    ranges = [number_range(item) for item in rule.conditions if item.field == measure]
    lows = [math.ceil(low) for low, _ in ranges if low is not None]
    highs = [math.floor(high) for _, high in ranges if high is not None]
    return min(max([-NEVER, *lows]), NEVER), max(min([NEVER, *highs]), -NEVER)
