"""What a publication would do to whom, before it is done: scored by the kernel, nothing written.

Everybody is scored while that takes a moment; of more leads an even draw, told as an estimate with its interval.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from django.db import connection

from leads.models import Lead
from scoring import engine, facts, rows
from scoring.batch import NO_RULE, holds_many
from scoring.definition import model_of
from scoring.language import Model
from scoring.models import ModelVersion
from scoring.rows import Words
from scoring.services.crossing import without_cycle
from scoring.services.keeping import CHUNK, chunks
from scoring.shares import wilson

COUNTED = 50_000  # leads that are scored one by one while somebody waits for the page
DRAWN = 20_000  # of more
HOURS = 8  # a day's work: the pace that is proposed empties the queue within it

DRAW = """
SELECT id FROM leads_lead WHERE merged_into_id IS NULL AND mod(abs(hashint8extended(id, 0)), %s) = 0 ORDER BY id
"""


@dataclass(frozen=True)
class Foresight:
    """`entering` have no cycle open and would get one; `critical` of them by a critical rule. `leaving` qualify now.

    `drawn` leads were scored and stand for all, if not everybody was; `between` then holds `entering` at 95%.
    """

    leads: int
    entering: int
    critical: int
    leaving: int
    drawn: int | None = None
    between: tuple[int, int] | None = None

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

    def of(self, everybody: int) -> Foresight:
        """The same shares of more leads."""
        share = everybody / max(self.leads, 1)
        low, high = wilson(self.entering, self.leads)
        return replace(
            self,
            leads=everybody,
            entering=round(self.entering * share),
            critical=round(self.critical * share),
            leaving=round(self.leaving * share),
            drawn=self.leads,
            between=(round(low * everybody), round(high * everybody)),
        )


def foresee(
    version: ModelVersion, *, chunk: int = CHUNK, counted: int = COUNTED, drawn: int = DRAWN
) -> Foresight:
    model, everybody = model_of(version), Lead.objects.filter(merged_into=None).count()
    whom = chunks(chunk) if everybody <= counted else _drawn(everybody, drawn, chunk)
    found = sum((_foresee(model, lead_ids) for lead_ids in whom), Foresight(0, 0, 0, 0))
    return found if everybody <= counted else found.of(everybody)


def _drawn(everybody: int, size: int, chunk: int) -> Iterator[list[int]]:
    """By a hash of the id, so the same leads each time: two looks at a draft differ by the draft alone."""
    with connection.cursor() as cursor:
        cursor.execute(DRAW, [max(everybody // size, 1)])
        ids = [row[0] for row in cursor.fetchall()]
    return (ids[at : at + chunk] for at in range(0, len(ids), chunk))


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
