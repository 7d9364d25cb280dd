"""Why a lead is MQL under one definition and not under the other: the oracle asked about both, at that instant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from leads.histories import Eras, eras_of
from scoring import facts
from scoring.engine import fields_read
from scoring.explain import labels
from scoring.explanation import Explanation, explain
from scoring.language import Fact, Model

MOST = 3  # differences named


@dataclass(frozen=True)
class Difference:
    """A line of the one definition, the other, or both, with its points here and there."""

    name: str
    here: int
    there: int

    @property
    def change(self) -> int:
        return self.here - self.there


@dataclass(frozen=True)
class Reason:
    """Totals under the definition that has the lead and under the other, and what made the difference."""

    here: int
    there: int
    critical: str
    barred: str
    differences: list[Difference]
    more: int


def reasons(here: Model, there: Model, moments: Sequence[tuple[int, datetime]]) -> dict[int, Reason]:
    """{lead id: reason} for (lead id, instant). A handful of queries, whatever the number of leads."""
    ids = np.array(sorted(lead for lead, _ in moments), np.int64)
    if not len(ids):
        return {}
    told, at = facts.of_few(ids), dict(moments)
    shapes = facts.shapes(np.unique(told.shape).tolist())
    known = eras_of(ids.tolist(), sorted({*fields_read(here), *fields_read(there)}))
    words, found = labels(), {}
    for row, lead in enumerate(ids.tolist()):
        moment = facts.microseconds(at[lead])
        history, fields = _facts(told, row), _fields(known, row, moment)
        one, other = (
            explain(model, shapes, history, fields, moment, labels=words) for model in (here, there)
        )
        found[lead] = _reason(one, other)
    return found


def _facts(told: Any, row: int) -> list[Fact]:
    own = slice(told.starts[row], told.stops[row])
    columns = (told.shape[own], told.at[own], told.seconds[own], told.amount[own])
    return [Fact(*values) for values in zip(*(column.tolist() for column in columns), strict=True)]


def _fields(known: Eras, row: int, at: int) -> dict[str, Any]:
    """As they were then."""
    eras = [era for era in range(known.starts[row], known.stops[row]) if known.since[era] <= at]
    if not eras:
        return {}
    return {key: c.read(c.values[c.codes[eras[-1]]]) for key, c in known.columns.items()}


def _reason(one: Explanation, other: Explanation) -> Reason:
    here, there = _points(one), _points(other)
    changed = [
        Difference(name, here.get(key, (name, 0))[1], there.get(key, (name, 0))[1])
        for key, (name, _) in {**there, **here}.items()
    ]
    changed = sorted((each for each in changed if each.change), key=lambda each: -abs(each.change))
    names = {line.rule: line.name for line in (*one.lines, *other.lines) if line.rule}
    return Reason(
        here=one.score.total,
        there=other.score.total,
        critical=names.get(one.score.critical, "") if one.score.critical and not other.score.critical else "",
        barred=names.get(other.score.disqualified, "") if other.score.disqualified else "",
        differences=changed[:MOST],
        more=max(len(changed) - MOST, 0),
    )


def _points(told: Explanation) -> dict[tuple[str, str], tuple[str, int]]:
    """Points by line; a cap, a floor or a ceiling is told apart from the rule it belongs to."""
    found: dict[tuple[str, str], tuple[str, int]] = {}
    for line in told.lines:
        key = (line.kind, line.rule or f"{line.group}/{line.name}")
        found[key] = (line.name, found.get(key, (line.name, 0))[1] + line.points)
    return found
