"""Keeping scores true: of whoever did something, of whoever time changed, of everybody after a publication.

The score rows of a batch are locked first and the facts read afterwards, so of two scorers the later one sees
everything the earlier one saw, and no older result overwrites a newer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from django.db import connection, transaction
from django.db.models import Q

from leads.arrays import people
from leads.events import publish
from leads.services.activities import drain_touches
from scoring import engine, facts, rows
from scoring.batch import holds_many
from scoring.definition import model_of, published
from scoring.events import LeadsScored
from scoring.language import Model
from scoring.models import ModelVersion, Score
from scoring.rows import ScoreRows, Words
from scoring.services import alerting
from scoring.services.crossing import open_due_cycles, without_cycle
from scoring.services.holding import let_go

CHUNK = 50_000  # leads that a full rescore looks at together
WORKERS = 2  # one waits for the server while the other computes
CAREFUL = 5_000  # leads locked and written in one transaction


@dataclass(frozen=True)
class Kept:
    """How many leads were scored, and how many of them have a new score."""

    leads: int
    changed: int

    def __add__(self, other: Kept) -> Kept:
        return Kept(self.leads + other.leads, self.changed + other.changed)


NOTHING = Kept(0, 0)


@transaction.atomic
def score_touched(*, limit: int) -> int:
    """Scores leads that did something, oldest note first; the notes go in the same transaction."""
    lead_ids = drain_touches(limit)
    if lead_ids:
        score_leads(lead_ids, alert=True)
        publish(LeadsScored())
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
    for version, ids in _by_version(lead_ids).items():
        score_leads(ids, version=version, alert=True)
        publish(LeadsScored())
    return len(lead_ids)


def _by_version(lead_ids: list[int]) -> dict[ModelVersion, list[int]]:
    """Under which version time goes on for each: the one its score was made by, or the last for which everybody was
    scored if that one is newer. Only what touches a lead brings it under a version that is for new events.
    """
    order = ModelVersion.objects.since_rescore()
    if not lead_ids or not order:
        return {}
    stamped = dict(Score.objects.filter(lead__in=lead_ids).values_list("lead_id", "version_id"))
    known = {version.pk: version for version in order}
    found: dict[ModelVersion, list[int]] = {}
    for lead_id in lead_ids:
        found.setdefault(known.get(stamped.get(lead_id), order[0]), []).append(lead_id)
    return found


def rescore_all(*, chunk: int = CHUNK, workers: int = WORKERS) -> Kept:
    """Everybody, in the order of ids: looked at in large chunks, and kept where something differs. Safe to repeat.

    Workers have connections of their own, which see only what is committed: inside a transaction there is one.
    Leads that come in the meantime have a touch and are scored by it.
    """
    current = published()
    if current is None:
        return NOTHING
    if workers == 1 or connection.in_atomic_block:
        return sum((_keep(*current, ids) for ids in chunks(chunk)), NOTHING)
    with ThreadPoolExecutor(workers) as pool:
        return sum(pool.map(lambda ids: _keep_apart(*current, ids), chunks(chunk)), NOTHING)


def chunks(chunk: int) -> Iterator[list[int]]:
    return (ids.tolist() for ids in people(chunk))


def _keep_apart(version: ModelVersion, model: Model, lead_ids: list[int]) -> Kept:
    try:
        return _keep(version, model, lead_ids)
    finally:
        connection.close()


def _keep(version: ModelVersion, model: Model, lead_ids: list[int]) -> Kept:
    """A look without locks finds the few that need the careful way."""
    stale = stale_among(version, model, lead_ids)
    changed = sum(score_leads(stale[at : at + CAREFUL]).changed for at in range(0, len(stale), CAREFUL))
    return Kept(len(lead_ids), changed)


def stale_among(version: ModelVersion, model: Model, lead_ids: list[int]) -> list[int]:
    """Which of these leads (ascending ids) have no score, another than they should, or no cycle that they should."""
    words = Words.of(model)
    before = rows.peek(lead_ids, words)
    as_of = rows.database_now()
    after = _score(model, before, words, facts.microseconds(as_of))
    differ = before.lead[rows.must_write(before, after, as_of)].tolist()
    fresh = np.setdiff1d(lead_ids, before.lead, assume_unique=True).tolist()
    due = without_cycle(after.lead[after.qualified == 1].tolist())
    return sorted({*differ, *fresh, *due})


@transaction.atomic
def score_leads(lead_ids: Sequence[int], *, version: ModelVersion | None = None, alert: bool = False) -> Kept:
    """Scores these leads as of the database's clock and writes what changed. Unknown and merged ids are left out.

    Under the version in force, if no other is named. With `alert`, whoever watches for what they did is told; a
    publication that moves everybody tells nobody.
    """
    current = (version, model_of(version)) if version else published()
    if current is None or not lead_ids:
        return NOTHING
    version, model = current
    words = Words.of(model)
    before = rows.lock(sorted(set(lead_ids)), version, words)
    if not len(before.lead):
        return NOTHING
    as_of = rows.database_now()
    after = _score(model, before, words, facts.microseconds(as_of))
    changed = rows.write(before, after, version, words, as_of)
    rows.stamp(before.lead, version)
    _cross(version, before, after)
    if alert:
        alerting.look(before, after, words, as_of)
    return Kept(len(before.lead), changed)


def _cross(version: ModelVersion, before: ScoreRows, after: ScoreRows) -> None:
    """Cycles for those above the line; whoever fell below it waits for none any more."""
    was, holds = before.qualified == 1, after.qualified == 1
    if (was & ~holds).any():
        let_go(after.lead[was & ~holds].tolist())
    crossed = set(after.lead[holds & ~was].tolist())
    open_due_cycles(version=version, lead_ids=after.lead[holds].tolist(), crossed=crossed)


ASTRAY = """
SELECT s.lead_id FROM scoring_score s CROSS JOIN LATERAL (
    SELECT c.qualified FROM scoring_scorechange c WHERE c.lead_id = s.lead_id
    ORDER BY c.at DESC, c.id DESC LIMIT 1) last
WHERE s.lead_id = ANY(%s) AND s.qualified <> last.qualified
"""


def astray(lead_ids: Sequence[int]) -> list[int]:
    """Whose score says another than the last line of its history about qualifying; each write adds such a line."""
    with connection.cursor() as cursor:
        cursor.execute(ASTRAY, [list(lead_ids)])
        return [row[0] for row in cursor.fetchall()]


def set_straight(lead_ids: Sequence[int]) -> None:
    """They stand again as their history says. What follows from that, the next scoring does."""
    Score.objects.filter(lead__in=astray(lead_ids)).update(qualified=Q(qualified=False))


def expected_rows(version: ModelVersion, before: ScoreRows, as_of: int) -> ScoreRows:
    """What the rows of these leads must be under `version`, as of an instant in microseconds."""
    model = model_of(version)
    return _score(model, before, Words.of(model), as_of)


def _score(model: Model, before: ScoreRows, words: Words, as_of: int) -> ScoreRows:
    lead_ids = before.lead.tolist()
    result = engine.score(model, before.lead, engine.fields_of(lead_ids, model), as_of)
    excluded = np.isin(before.lead, rows.disqualified_among(lead_ids))
    holds = holds_many(result, before.qualified == 1, model) & ~excluded
    return rows.from_result(before.lead, result, holds, excluded, words)
