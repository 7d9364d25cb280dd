"""Fit for many leads at once: each condition is asked once per distinct value, then spread over the leads.

Equal to the oracle's `verdicts`, `raw_worth` and `fit_range`. Worth is in parts of a point per group; `low` and
`high` are whole points.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scoring.conditions import Verdict, asked, verdict
from scoring.language import SCALE, Condition, Model, Rule

NO_RULE = -1
PLAIN = {str, type(None)}  # whose values Python tells apart as conditions do


class Column(NamedTuple):
    """One field of many leads: `values[codes[i]]` is the value of lead i."""

    codes: NDArray[np.int32]
    values: Sequence[Any]


@dataclass(frozen=True)
class FitPoints:
    """One row a lead. `critical` and `disqualified` are rows of `model.rules`, NO_RULE for none."""

    base: NDArray[np.int64]
    critical: NDArray[np.int32]
    disqualified: NDArray[np.int32]
    low: NDArray[np.int64]
    high: NDArray[np.int64]


def encode(values: Sequence[Any]) -> Column:
    keys = values if set(map(type, values)) <= PLAIN else [_key(value) for value in values]
    first = dict(zip(reversed(keys), reversed(values), strict=True))
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    codes = np.fromiter(map(numbers.__getitem__, keys), np.int32, len(values))
    return Column(codes, [first[key] for key in numbers])


def encode_raw(values: Sequence[Hashable], read: Callable[[Any], Any]) -> Column:
    """As `encode`, of values of one type: they are told apart first and read afterwards, each once."""
    numbers = {value: number for number, value in enumerate(dict.fromkeys(values))}
    codes = np.fromiter(map(numbers.__getitem__, values), np.int32, len(values))
    known = encode([read(value) for value in numbers])
    return Column(known.codes[codes], known.values)


def _key(value: Any) -> Any:
    """Python calls 1, 1.0 and True one key; conditions do not."""
    if isinstance(value, str) or value is None:
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return type(value), tuple(map(_key, value))
    return type(value), value


Answers = dict[str, NDArray[np.uint8] | np.uint8]


def fit_points(
    model: Model, columns: Mapping[str, Sequence[Any] | Column], leads: int, answers: Answers | None = None
) -> FitPoints:
    """`columns` holds one sequence of length `leads` per field; a field without a column is unknown for everybody.

    `answers` spares a second model of the same columns the conditions that it shares with the first.
    """
    answers = {} if answers is None else answers
    encoded = {
        field: column if isinstance(column, Column) else encode(column) for field, column in columns.items()
    }
    groups = {group.key: row for row, group in enumerate(model.groups)}
    base, down, up = np.zeros((3, len(groups), leads), np.int64)  # a group's column lies together
    critical, disqualified = np.full((2, leads), NO_RULE, np.int32)
    flags = {"critical": critical, "disqualify": disqualified}
    for row, rule in enumerate(model.rules):
        if not rule.enabled or rule.subject != "fit":
            continue
        found = _verdicts(rule, encoded, leads, answers)
        matched = found >= Verdict.LOOSE
        if rule.effect in flags:
            flag = flags[rule.effect]
            flag[matched & (flag == NO_RULE)] = row
            continue
        column = groups[rule.group]
        worth = rule.gives * SCALE
        base[column] += matched * worth
        falls, rises = (Verdict.LOOSE, Verdict.OPEN) if worth > 0 else (Verdict.OPEN, Verdict.LOOSE)
        down[column] -= (found == falls) * abs(worth)
        up[column] += (found == rises) * abs(worth)
    low, high = _fit_sum(model, base + down), _fit_sum(model, base + up)
    return FitPoints(np.ascontiguousarray(base.T), critical, disqualified, low, high)


def _verdicts(rule: Rule, columns: Mapping[str, Column], leads: int, answers: Answers) -> NDArray[np.uint8]:
    found = np.full(leads, Verdict.HIT, np.uint8)
    for condition in rule.conditions:
        name = repr(condition)  # Python calls 1 and True equal
        if name not in answers:
            answers[name] = _answers(condition, columns.get(condition.field))
        np.minimum(found, answers[name], out=found)
    return found


def _answers(condition: Condition, column: Column | None) -> NDArray[np.uint8] | np.uint8:
    if column is None:
        return np.uint8(verdict(condition, None))
    asks = asked(condition)
    per_value = np.array([asks(value) for value in column.values], np.uint8)
    return per_value[column.codes]


def _fit_sum(model: Model, worth: NDArray[np.int64]) -> NDArray[np.int64]:
    """Fit gives whole points, so nothing is left to round."""
    total = np.zeros(worth.shape[1], np.int64)
    for group, column in zip(model.groups, worth, strict=True):
        if group.axis == "fit":
            total += np.clip(column, group.minimum * SCALE, group.maximum * SCALE)
    return total // SCALE
