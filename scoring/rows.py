"""Score rows of a batch as arrays: locked, compared, and written where they changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db import connection

from scoring import facts
from scoring.batch import Scores
from scoring.compiler import NEVER
from scoring.language import Model
from scoring.models import ModelVersion

BY_HAND = "by-hand"  # in place of a rule's key: a colleague disqualified the lead
KEEP = ("total", "fit", "engagement", "band", "qualified", "critical", "disqualified", "fit_low", "fit_high")
SHOWN = ("total", "fit", "engagement", "band", "qualified")  # a difference here is a line of the history


@dataclass(frozen=True)
class ScoreRows:
    """Parallel arrays, one entry a lead, ids ascending. `next_change_at` in microseconds since 1970, NEVER if never."""

    lead: np.ndarray
    total: np.ndarray
    fit: np.ndarray
    engagement: np.ndarray
    band: np.ndarray
    qualified: np.ndarray
    critical: np.ndarray
    disqualified: np.ndarray
    fit_low: np.ndarray
    fit_high: np.ndarray
    next_change_at: np.ndarray


READ = (
    "SELECT s.lead_id, s.total, s.fit, s.engagement, s.band, s.qualified, s.critical_rule, s.disqualifying_rule,"
    " s.fit_low, s.fit_high, coalesce((extract(epoch FROM s.next_change_at) * 1000000)::bigint, %s)"
    " FROM scoring_score s JOIN leads_lead l ON l.id = s.lead_id AND l.merged_into_id IS NULL"
    " WHERE s.lead_id = ANY(%s) ORDER BY s.lead_id FOR UPDATE OF s"
)
# A new row has no band yet, so its first scoring always counts as a change.
MAKE = (
    "INSERT INTO scoring_score (lead_id, version_id, total, fit, engagement, band, fit_low, fit_high, qualified,"
    " critical_rule, disqualifying_rule, as_of) SELECT id, %s, 0, 0, 0, '', 0, 0, false, '', '', clock_timestamp()"
    " FROM leads_lead WHERE id = ANY(%s) AND merged_into_id IS NULL ORDER BY id ON CONFLICT DO NOTHING"
)
DROP_MERGED = (
    "DELETE FROM scoring_score s USING leads_lead l"
    " WHERE l.id = s.lead_id AND l.merged_into_id IS NOT NULL AND s.lead_id = ANY(%s)"
)
WRITE = (
    "UPDATE scoring_score s SET total = v.total, fit = v.fit, engagement = v.engagement, band = v.band,"
    " qualified = v.qualified, critical_rule = v.critical, disqualifying_rule = v.disqualified, fit_low = v.low,"
    " fit_high = v.high, next_change_at = v.next, version_id = %s, as_of = %s"
    " FROM unnest(%s::bigint[], %s::int[], %s::int[], %s::int[], %s::text[], %s::bool[], %s::text[], %s::text[],"
    " %s::int[], %s::int[], %s::timestamptz[])"
    " AS v(lead, total, fit, engagement, band, qualified, critical, disqualified, low, high, next)"
    " WHERE s.lead_id = v.lead"
)
REMEMBER = (
    "INSERT INTO scoring_scorechange (at, version_id, lead_id, total, fit, engagement, band, qualified)"
    " SELECT %s, %s, v.* FROM unnest(%s::bigint[], %s::int[], %s::int[], %s::int[], %s::text[], %s::bool[]) v"
)


def lock(lead_ids: list[int], version: ModelVersion) -> ScoreRows:
    """Existing and new rows of these leads, locked in the order of ids until the transaction ends."""
    found = _read(lead_ids)
    if len(found) < len(lead_ids):
        with connection.cursor() as cursor:
            cursor.execute(DROP_MERGED, [lead_ids])
            cursor.execute(MAKE, [version.pk, lead_ids])
        found = _read(lead_ids)
    return _as_arrays(found)


def _read(lead_ids: list[int]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(READ, [NEVER, lead_ids])
        return cursor.fetchall()


def _as_arrays(found: list[tuple[Any, ...]]) -> ScoreRows:
    types = (
        np.int64,
        np.int64,
        np.int64,
        np.int64,
        object,
        bool,
        object,
        object,
        np.int64,
        np.int64,
        np.int64,
    )
    values = zip(*found, strict=True) if found else [()] * len(types)
    return ScoreRows(*(np.array(column, dtype=kind) for column, kind in zip(values, types, strict=True)))


def database_now() -> datetime:
    """The clock of the database, read after the locks were taken."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


def disqualified_among(lead_ids: list[int]) -> np.ndarray:
    with (
        connection.cursor() as cursor
    ):  # an array parameter; an IN list of thousands takes seconds to compile
        cursor.execute("SELECT lead_id FROM leads_disqualification WHERE lead_id = ANY(%s)", [lead_ids])
        return np.array([row[0] for row in cursor.fetchall()], dtype=np.int64)


def from_result(
    lead: np.ndarray, result: Scores, holds: np.ndarray, excluded: np.ndarray, model: Model
) -> ScoreRows:
    keys = np.array([*(rule.key for rule in model.rules), ""], dtype=object)  # row -1 is the empty key
    return ScoreRows(
        lead=lead,
        total=result.total,
        fit=result.fit,
        engagement=result.engagement,
        band=result.band_names.astype(object),
        qualified=holds,
        critical=keys[result.critical],
        disqualified=np.where(excluded, BY_HAND, keys[result.disqualified]),
        fit_low=result.fit_low,
        fit_high=result.fit_high,
        next_change_at=result.next_change_at,
    )


def write(before: ScoreRows, after: ScoreRows, version: ModelVersion, as_of: datetime) -> int:
    """Writes rows whose score or wake-up time must change; returns how many scores did."""
    changed = _differ(before, after, KEEP)
    # An older, earlier wake-up time is still a safe one: not worth a write.
    early = (after.next_change_at < before.next_change_at) | (
        before.next_change_at <= facts.microseconds(as_of)
    )
    _update(_rows_of(after, changed | early), version, as_of)
    _remember(_rows_of(after, _differ(before, after, SHOWN)), version, as_of)
    return int(changed.sum())


def _differ(before: ScoreRows, after: ScoreRows, names: Sequence[str]) -> np.ndarray:
    differ = np.zeros(len(before.lead), dtype=bool)
    for name in names:
        differ |= getattr(before, name) != getattr(after, name)
    return differ


def _rows_of(rows: ScoreRows, chosen: np.ndarray) -> ScoreRows:
    return ScoreRows(*(getattr(rows, name)[chosen] for name in rows.__dataclass_fields__))


def _update(rows: ScoreRows, version: ModelVersion, as_of: datetime) -> None:
    if not len(rows.lead):
        return
    wake = [None if at >= NEVER else facts.instant(at) for at in rows.next_change_at.tolist()]
    with connection.cursor() as cursor:
        cursor.execute(WRITE, [version.pk, as_of, rows.lead.tolist(), *_columns(rows), wake])


def _columns(rows: ScoreRows) -> list[list[Any]]:
    return [getattr(rows, name).tolist() for name in KEEP]


def _remember(rows: ScoreRows, version: ModelVersion, as_of: datetime) -> None:
    if not len(rows.lead):
        return
    with connection.cursor() as cursor:
        shown = (getattr(rows, name).tolist() for name in SHOWN)
        cursor.execute(REMEMBER, [as_of, version.pk, rows.lead.tolist(), *shown])
