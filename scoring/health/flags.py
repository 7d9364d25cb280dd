"""Which rules hold for which leads, and what each gives: the kernel's own counting, rule by rule instead of summed.

Equal   to `rules.tally(...).satisfied` and to the verdicts of fit rules
Worth   in parts of a point with its sign, before cap and group; `caps` has what each rule may give at most
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.batch import Facts, _input
from scoring.compiler import CEILING, CompiledModel
from scoring.conditions import Verdict
from scoring.fit import Column, _verdicts, encode
from scoring.language import RULE_CEILING, SCALE, Model

Ints = NDArray[np.int64]
Flags = NDArray[np.uint8]


@dataclass(frozen=True)
class Held:
    """One row a lead and instant, one column a rule of the model."""

    flags: Flags
    worth: Ints


def held(
    compiled: CompiledModel, facts: Facts, columns: Mapping[str, Sequence[Any] | Column], as_of: Ints
) -> Held:
    """`facts` and `columns` are parallel to `as_of`; rows may share a range of facts.

    The compiled model must have been shown all shapes of the facts. ValueError if it was not.
    """
    from scoring.health import tallying  # late: loading numba takes a second and 100 MB

    snapshot = compiled.snapshot
    boundless = snapshot.rules.copy()
    boundless[:, CEILING] = RULE_CEILING * SCALE
    found = tallying.tally(fact_arrays(facts), snapshot._replace(rules=boundless), facts, as_of)
    if found is None:
        raise ValueError("The compiled model was not shown all shapes, or the facts are not sorted.")
    flags, worth = found
    _add_fit(compiled.model, columns, flags, worth)
    return Held(flags, worth)


def _add_fit(model: Model, columns: Mapping[str, Sequence[Any] | Column], flags: Flags, worth: Ints) -> None:
    encoded = {key: each if isinstance(each, Column) else encode(each) for key, each in columns.items()}
    for row, rule in enumerate(model.rules):
        if rule.enabled and rule.subject == "fit":
            flags[:, row] = _verdicts(rule, encoded, len(flags), {}) >= Verdict.LOOSE
            worth[:, row] = flags[:, row] * np.int64(rule.gives * SCALE)


def fired(compiled: CompiledModel, facts: Facts, *, since: int, until: int) -> Flags:
    """Which behaviour rules held for which lead at any instant from `since` to `until`, however briefly."""
    from scoring.health import tallying

    found = tallying.fired(fact_arrays(facts), compiled.snapshot, facts, since, until)
    if found is None:
        raise ValueError("The compiled model was not shown all shapes, or the facts are not sorted.")
    return found


def fact_arrays(facts: Facts) -> Any:
    from scoring.kernel import FactArrays

    amount: Any = [] if facts.amount is None else facts.amount
    kinds = ((facts.at, np.int64), (facts.shape, np.int32), (facts.seconds, np.int32), (amount, np.int64))
    return FactArrays(*(_input(values, kind) for values, kind in kinds))


def caps(model: Model) -> Ints:
    return np.array([rule.ceiling for rule in model.rules], np.int64) * SCALE
