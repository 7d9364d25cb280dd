"""What a publication would do to whom, before it is done: everybody scored by the kernel, nothing written."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scoring import engine, facts, rows
from scoring.batch import NO_RULE, holds_many
from scoring.definition import model_of
from scoring.language import Model
from scoring.models import ModelVersion
from scoring.rows import Words
from scoring.services.crossing import without_cycle
from scoring.services.keeping import CHUNK, chunks

HOURS = 8  # a day's work: the pace that is proposed empties the queue within it


@dataclass(frozen=True)
class Foresight:
    """`entering` have no cycle open and would get one; `critical` of them by a critical rule. `leaving` qualify now."""

    leads: int
    entering: int
    critical: int
    leaving: int

    def __add__(self, other: Foresight) -> Foresight:
        return Foresight(
            self.leads + other.leads,
            self.entering + other.entering,
            self.critical + other.critical,
            self.leaving + other.leaving,
        )

    @property
    def pace(self) -> int:
        """MQLs an hour."""
        return max(-(-self.entering // HOURS), 1)


def foresee(version: ModelVersion, *, chunk: int = CHUNK) -> Foresight:
    model = model_of(version)
    return sum((_foresee(model, lead_ids) for lead_ids in chunks(chunk)), Foresight(0, 0, 0, 0))


def _foresee(model: Model, lead_ids: list[int]) -> Foresight:
    leads = np.array(lead_ids, dtype=np.int64)
    was = _qualified_now(leads, model)
    as_of = facts.microseconds(rows.database_now())
    result = engine.score(model, leads, engine.fields_of(lead_ids, model), as_of)
    holds = holds_many(result, was, model) & ~np.isin(leads, rows.disqualified_among(lead_ids))
    entering = np.isin(leads, without_cycle(leads[holds & ~was].tolist()))
    critical = entering & (result.critical != NO_RULE)
    return Foresight(len(leads), int(entering.sum()), int(critical.sum()), int((was & ~holds).sum()))


def _qualified_now(leads: np.ndarray, model: Model) -> np.ndarray:
    scored = rows.peek(leads.tolist(), Words.of(model))
    return np.isin(leads, scored.lead[scored.qualified == 1])
