"""The rule language as plain values: what a scoring model says, and what it is applied to.

Units   instants are int microseconds since the Unix epoch (UTC); durations are int seconds;
        points are whole; amounts are hundredths of the currency unit
Form    every class is frozen and travels as JSON by `to_data` and `from_data`
Limits  the constants below keep every sum inside 64 bits; `validation.problems` enforces them

Why nothing overflows: one occurrence gives at most MOST_POINTS x MOST_SECONDS x SCALE = 1.5e16, and a running
sum is held at 2**60 before the next is added; a rule is then held at RULE_CEILING x SCALE = 1.7e13, and a
model has at most MOST_RULES of them (1.7e16). int64 ends at 9.2e18.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Literal, Self, get_args

SECOND = 1_000_000  # microseconds
DAY = 86_400  # seconds

SCALE = 1 << 24  # one point; decay works in these parts of a point
MOST_POINTS = 10_000
MOST_N = 1_000_000
MOST_SECONDS = DAY  # one occurrence never lasts longer; what is above is clamped
LONGEST = 3_650 * DAY  # window or decay
RULE_CEILING = 1_000_000  # points one rule may give, cap or no cap
MOST_GROUP = 1_000_000
MOST_RULES = 1_000

MEASURES = ("seconds", "amount")  # belong to the occurrence, not to its shape

Op = Literal[
    "is",
    "is_not",
    "in",
    "not_in",
    "contains_word",
    "starts_with",
    "at_least",
    "at_most",
    "between",
    "known",
    "unknown",
]
Subject = Literal["behaviour", "fit"]
Effect = Literal["points", "critical", "disqualify"]
Aggregate = Literal["count", "distinct", "sum"]
Mode = Literal["threshold", "each"]
Decay = Literal["none", "half_life", "expiry"]
Axis = Literal["fit", "engagement"]

OPS: tuple[str, ...] = get_args(Op)
CHOICES: dict[str, tuple[str, ...]] = {
    "subject": get_args(Subject),
    "effect": get_args(Effect),
    "aggregate": get_args(Aggregate),
    "mode": get_args(Mode),
    "decay": get_args(Decay),
    "axis": get_args(Axis),
}

Scalar = str | int | float | bool
Value = Scalar | tuple[Scalar, ...] | None


class Data:
    """JSON round trip for the flat classes; those with parts inside override `from_data`."""

    def to_data(self) -> dict[str, Any]:
        return {f.name: _plain(getattr(self, f.name)) for f in fields(self)}  # type: ignore[arg-type]

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Self:
        """Raises TypeError for a missing or unknown name: a typing error must not become a default."""
        return cls(**{name: _frozen(value) for name, value in data.items()})


def _plain(value: Any) -> Any:
    if isinstance(value, Data):
        return value.to_data()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return dict(value) if isinstance(value, dict) else value


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


@dataclass(frozen=True)
class Condition(Data):
    """`field op value`. `in`, `contains_word` and `starts_with` take one text or several; `between` its two ends,
    both included.
    """

    field: str
    op: str
    value: Value = None

    @property
    def values(self) -> tuple[Scalar, ...]:
        if self.value is None:
            return ()
        return self.value if isinstance(self.value, tuple) else (self.value,)


@dataclass(frozen=True)
class Rule(Data):
    """One line of a model. Everything below `enabled` speaks of behaviour only."""

    key: str
    name: str
    group: str
    subject: str
    effect: str = "points"
    points: int = 0
    conditions: tuple[Condition, ...] = ()
    enabled: bool = True
    activity: str = ""
    aggregate: str = "count"
    distinct_by: str = ""
    window_seconds: int | None = None
    mode: str = "threshold"
    n: int = 1
    decay: str = "none"
    decay_seconds: int = 0
    cap: int | None = None

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Self:
        conditions = tuple(Condition.from_data(item) for item in data.get("conditions", ()))
        return cls(**{**data, "conditions": conditions})

    @property
    def gives(self) -> int:
        """Points of a points rule; critical and disqualifying rules give none."""
        return self.points if self.effect == "points" else 0

    @property
    def reach(self) -> int | None:
        """Microseconds after which an occurrence no longer counts; None when it always does."""
        expiry = self.decay_seconds if self.decay == "expiry" and self.mode == "each" else None
        limits = [limit * SECOND for limit in (self.window_seconds, expiry) if limit is not None]
        return min(limits, default=None)

    @property
    def half_life(self) -> int | None:
        """Microseconds."""
        return self.decay_seconds * SECOND if self.decay == "half_life" else None

    @property
    def award_life(self) -> int | None:
        """Microseconds a threshold's one award lasts after its newest occurrence; None without expiry."""
        return self.decay_seconds * SECOND if self.decay == "expiry" and self.mode == "threshold" else None

    @property
    def ceiling(self) -> int:
        """The most points this rule may give, as a magnitude."""
        return RULE_CEILING if self.cap is None else min(self.cap, RULE_CEILING)


@dataclass(frozen=True)
class Group(Data):
    key: str
    name: str
    axis: str
    minimum: int
    maximum: int


@dataclass(frozen=True)
class Model(Data):
    """Cuts are lower bounds: `fit_cuts` of A, B, C (below is D), `engagement_cuts` of 1, 2, 3 (below is 4)."""

    version: int
    threshold: int
    fit_floor: int
    margin: int
    fit_cuts: tuple[int, int, int]
    engagement_cuts: tuple[int, int, int]
    groups: tuple[Group, ...]
    rules: tuple[Rule, ...]

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Self:
        parts = {
            "fit_cuts": tuple(data["fit_cuts"]),
            "engagement_cuts": tuple(data["engagement_cuts"]),
            "groups": tuple(Group.from_data(item) for item in data["groups"]),
            "rules": tuple(Rule.from_data(item) for item in data["rules"]),
        }
        return cls(**{**data, **parts})

    def active(self, subject: str) -> list[Rule]:
        return [rule for rule in self.rules if rule.enabled and rule.subject == subject]

    def group_keys(self, axis: str) -> set[str]:
        return {group.key for group in self.groups if group.axis == axis}


@dataclass(frozen=True)
class Shape(Data):
    """What many occurrences have in common. Shapes made by machines (scanners, prefetchers) never score."""

    kind: str
    props: dict[str, str] = field(default_factory=dict)
    machine: bool = False


@dataclass(frozen=True)
class Fact(Data):
    """One occurrence. `id` names the stored row and counts once however often it is passed; 0 means not stored."""

    shape_id: int
    occurred_at: int
    seconds: int = 0
    amount: int = 0
    id: int = 0

    @property
    def lasted(self) -> int:
        return min(max(self.seconds, 0), MOST_SECONDS)
