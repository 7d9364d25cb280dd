"""A scorecard learnt from outcomes: L1 logistic regression over rules, rounded to whole points. Pure.

Split   by time: learnt from the older 70% of the decided leads, judged on the newest 30% alone
Points  a weight in log-odds times a fixed number of points for a doubling of the odds, so order is kept
Same    for the same input, on every machine: folds by place, a fixed seed, no randomness in the rounding
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.health.candidates import SUPPORT
from scoring.health.findings import DOUBLING
from scoring.health.flags import Flags, Ints
from scoring.health.populations import LEAST, LEAST_RARER, enough, rarer
from scoring.language import MOST_POINTS, SECOND, Rule
from scoring.prediction.metrics import auc, auc_interval
from scoring.shares import Share

MOST_RULES = 15
OLDER = 0.7
NEWEST = 10_000  # examples; more change no weight that matters
SEED = 4
FOLDS = 5
STRENGTHS = np.geomspace(0.01, 3, 12)  # the smaller, the fewer rules

Floats = NDArray[np.float64]


class TooLittle(ValueError):
    """Not enough outcomes to learn from; says how many there are."""


@dataclass(frozen=True)
class Measured:
    """Area under the curve on the hold-out, with its 95% interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Card:
    """`columns` are the features that got `points`; areas of the points, of the weights and of the version in force."""

    columns: tuple[int, ...]
    points: tuple[int, ...]
    rounded: Measured
    unrounded: Measured
    in_force: Measured
    learnt_from: int
    judged_on: int
    positives: int


def check(outcome: Ints) -> None:
    """Raises TooLittle."""
    decided = Share(int((outcome == 1).sum()), int((outcome >= 0).sum()))
    if not enough(decided):
        raise TooLittle(
            f"Not enough outcomes yet: {decided.whole} of {LEAST} decided leads,"
            f" the rarer outcome {rarer(decided)} of {LEAST_RARER}."
        )


def fit(flags: Flags, outcome: Ints, at: Ints, totals: Ints, line: int) -> Card | None:
    """`flags` has a column a feature, `totals` the points of the version in force then. None when nothing separates.

    Raises TooLittle.
    """
    check(outcome)
    order = np.flatnonzero(outcome >= 0)
    order = order[np.lexsort((order, at[order]))][-NEWEST:]
    cut = int(len(order) * OLDER)
    old, new = order[:cut], order[cut:]
    for part in (old, new):
        if not 0 < outcome[part].sum() < len(part):
            raise TooLittle("The older or the newer leads all ended alike, so nothing can be judged.")
    usable = np.flatnonzero(_common(flags[old]))
    weights = _learn(flags[old][:, usable], outcome[old])
    points = rounded(weights, line)
    kept = np.flatnonzero(points)
    if not len(kept):
        return None
    said = flags[new][:, usable]
    areas = (
        _area(outcome[new], said @ points),
        _area(outcome[new], said @ weights),
        _area(outcome[new], totals[new]),
    )
    columns, given = tuple(usable[kept].tolist()), tuple(points[kept].tolist())
    return Card(columns, given, *areas, len(old), len(new), int(outcome[order].sum()))


def _common(flags: Flags) -> NDArray[np.bool_]:
    having = flags.sum(axis=0, dtype=np.int64)
    return (having >= SUPPORT) & (having <= len(flags) - SUPPORT)


def _area(outcome: Ints, said: Any) -> Measured:
    value = auc(outcome, np.asarray(said, float))
    return Measured(value, *auc_interval(value, int(outcome.sum()), int((outcome == 0).sum())))


def _learn(flags: Flags, outcome: Ints) -> Floats:
    """The strength that sorts unseen folds best, of those that keep few enough rules."""
    best, area = np.zeros(flags.shape[1]), 0.0
    fold = np.arange(len(outcome)) % FOLDS
    for strength in STRENGTHS if flags.shape[1] else ():
        weights = _regress(flags, outcome, strength)
        if np.count_nonzero(weights) > MOST_RULES:
            break
        found = _unseen_area(flags, outcome, fold, strength)
        if np.count_nonzero(weights) and found > area + 1e-6:
            best, area = weights, found
    return best


def _unseen_area(flags: Flags, outcome: Ints, fold: Ints, strength: float) -> float:
    areas = []
    for number in range(FOLDS):
        out = fold == number
        if 0 < outcome[~out].sum() < (~out).sum():
            areas.append(auc(outcome[out], flags[out] @ _regress(flags[~out], outcome[~out], strength)))
    return float(np.mean(areas)) if areas else 0.0


def _regress(flags: Flags, outcome: Ints, strength: float) -> Floats:
    from sklearn.linear_model import LogisticRegression  # late: only who learns waits for it

    found = LogisticRegression(l1_ratio=1.0, C=strength, solver="liblinear", random_state=SEED)
    weights: Floats = found.fit(flags.astype(float), outcome).coef_[0]
    return weights


def rounded(weights: Floats, line: int) -> Ints:
    """Whole points, half away from zero; never the other way round than the weights."""
    worth = weights / log(2) * max(line, 1) * DOUBLING
    points = np.sign(worth) * np.floor(np.abs(worth) + 0.5)
    return np.clip(points, -MOST_POINTS, MOST_POINTS).astype(np.int64)


def as_feature(rule: Rule) -> Rule:
    """Points once, and as long as the rule holds: what it says is yes or no, as the regression saw it."""
    if rule.subject == "fit":
        return replace(rule, cap=None)
    reach = rule.reach
    expires = rule.decay == "expiry" and rule.mode == "threshold"
    return replace(
        rule,
        mode="threshold",
        cap=None,
        window_seconds=None if reach is None else reach // SECOND,
        decay="expiry" if expires else "none",
        decay_seconds=rule.decay_seconds if expires else 0,
    )


def rules_of(card: Card, features: Sequence[Rule]) -> list[Rule]:
    """The strongest first."""
    found = [
        replace(as_feature(features[column]), points=points, enabled=True, effect="points")
        for column, points in zip(card.columns, card.points, strict=True)
    ]
    return sorted(found, key=lambda rule: (-abs(rule.points), rule.key))


def line_for(totals: Ints, wanted: int) -> int:
    """The lowest line that no more leads reach than qualify today. `totals[t]` counts leads with t points."""
    reaching = np.cumsum(totals[::-1])[::-1]
    fitting = np.flatnonzero(reaching <= wanted)
    return max(int(fitting[0]) if len(fitting) else len(totals), 1)
