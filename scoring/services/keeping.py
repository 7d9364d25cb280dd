"""Keeping scores true: of whoever did something, of whoever time changed, of everybody after a publication.

The score rows of a batch are locked first and the facts read afterwards, so of two scorers the later one sees
everything the earlier one saw, and no older result overwrites a newer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection, transaction

from leads.fields import columns
from leads.models import Lead
from leads.services.activities import drain_touches
from scoring import engine, facts, rows
from scoring.batch import holds_many
from scoring.definition import published
from scoring.language import Model
from scoring.rows import ScoreRows
from scoring.services.crossing import open_due_cycles

CHUNK = 20_000  # leads of a full rescore in one transaction


@dataclass(frozen=True)
class Kept:
    """How many leads were scored, and how many of them have a new score."""

    leads: int
    changed: int


NOTHING = Kept(0, 0)


@transaction.atomic
def score_touched(*, limit: int) -> int:
    """Scores leads that did something, oldest note first; the notes go in the same transaction."""
    lead_ids = drain_touches(limit)
    if lead_ids:
        score_leads(lead_ids)
    return len(lead_ids)


@transaction.atomic
def score_due(*, limit: int) -> int:
    """Scores leads whose score time alone may have changed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT lead_id FROM scoring_score WHERE next_change_at <= now()"
            " ORDER BY next_change_at LIMIT %s FOR UPDATE SKIP LOCKED",
            [limit],
        )
        lead_ids = [row[0] for row in cursor.fetchall()]
    if lead_ids:
        score_leads(lead_ids)
    return len(lead_ids)


def rescore_all(*, chunk: int = CHUNK) -> Kept:
    """Everybody, in the order of ids, each chunk saved by itself. Safe to repeat.

    Leads that come in the meantime have a touch and are scored by it.
    """
    total, last = NOTHING, 0
    while ids := _next_ids(last, chunk):
        done = score_leads(ids)
        total = Kept(total.leads + done.leads, total.changed + done.changed)
        last = ids[-1]
    return total


def _next_ids(last: int, chunk: int) -> list[int]:
    people = Lead.objects.filter(pk__gt=last, merged_into=None).order_by("pk")
    return list(people.values_list("pk", flat=True)[:chunk])


@transaction.atomic
def score_leads(lead_ids: Sequence[int]) -> Kept:
    """Scores these leads as of the database's clock and writes what changed. Unknown and merged ids are left out."""
    current = published()
    if current is None or not lead_ids:
        return NOTHING
    version, model = current
    before = rows.lock(sorted(set(lead_ids)), version)
    if not len(before.lead):
        return NOTHING
    as_of = rows.database_now()
    after = _score(model, before, facts.microseconds(as_of))
    changed = rows.write(before, after, version, as_of)
    open_due_cycles(version=version, lead_ids=after.lead[after.qualified].tolist())
    return Kept(len(before.lead), changed)


def _score(model: Model, before: ScoreRows, as_of: int) -> ScoreRows:
    lead_ids = before.lead.tolist()
    result = engine.score(model, before.lead, columns(lead_ids, engine.fields_read(model)), as_of)
    excluded = np.isin(before.lead, rows.disqualified_among(lead_ids))
    holds = holds_many(result, before.qualified, model) & ~excluded
    return rows.from_result(before.lead, result, holds, excluded, model)
