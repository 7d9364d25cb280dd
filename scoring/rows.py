"""Score rows of a batch as arrays: locked, compared, and written where they changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db import connection

from leads.arrays import EPOCH_2000, NO_INSTANT, arrays
from leads.spans import among
from scoring import facts
from scoring.batch import BAND_NAMES, Scores
from scoring.compiler import NEVER
from scoring.fit import NO_RULE
from scoring.language import Model
from scoring.models import ModelVersion

BY_HAND = "by-hand"  # in place of a rule's key: a colleague disqualified the lead
NOBODY = 1  # the code of the empty key
KEEP = ("total", "fit", "engagement", "band", "qualified", "critical", "disqualified", "fit_low", "fit_high")
SHOWN = ("total", "fit", "engagement", "band", "qualified")  # a difference here is a line of the history


@dataclass(frozen=True)
class ScoreRows:
    """Parallel arrays of whole numbers, one entry a lead, ids ascending; `qualified` is 0 or 1.

    `next_change_at` is in microseconds since 1970, NEVER if never. Bands and rules stand as codes of `Words`.
    """

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


@dataclass(frozen=True)
class Words:
    """Bands and rule keys by code, which counts from 1 as the server's arrays do; 0 is a word of another version."""

    bands: list[str]
    keys: list[str]

    @classmethod
    def of(cls, model: Model) -> Words:
        return cls([*BAND_NAMES.tolist(), ""], ["", BY_HAND, *(rule.key for rule in model.rules)])

    def rules(self, rows: np.ndarray) -> np.ndarray:
        """Codes of rows of `model.rules`, NO_RULE for none."""
        return np.where(rows == NO_RULE, NOBODY, rows.astype(np.int64) + 3)


READ = """
SELECT array_agg(lead_id), array_agg(total), array_agg(fit), array_agg(engagement), array_agg(band),
    array_agg(qualified), array_agg(critical), array_agg(disqualified), array_agg(low), array_agg(high), array_agg(next)
FROM (
    SELECT s.lead_id, s.total::bigint, s.fit::bigint, s.engagement::bigint,
        coalesce(array_position(%s::text[], s.band::text), 0)::bigint AS band, s.qualified::int::bigint AS qualified,
        coalesce(array_position(%s::text[], s.critical_rule::text), 0)::bigint AS critical,
        coalesce(array_position(%s::text[], s.disqualifying_rule::text), 0)::bigint AS disqualified,
        s.fit_low::bigint AS low, s.fit_high::bigint AS high,
        coalesce(s.next_change_at, 'infinity') AS next
    FROM scoring_score s {join} WHERE {where} ORDER BY s.lead_id {lock}
) found
"""
PEOPLE = "JOIN leads_lead l ON l.id = s.lead_id AND l.merged_into_id IS NULL"
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


def lock(lead_ids: list[int], version: ModelVersion, words: Words) -> ScoreRows:
    """Existing and new rows of these leads, locked in the order of ids until the transaction ends."""
    found = _locked(lead_ids, words)
    if len(found.lead) < len(lead_ids):
        with connection.cursor() as cursor:
            cursor.execute(DROP_MERGED, [lead_ids])
            cursor.execute(MAKE, [version.pk, lead_ids])
        found = _locked(lead_ids, words)
    return found


def _locked(lead_ids: list[int], words: Words) -> ScoreRows:
    where = "s.lead_id = ANY(%s::bigint[])"
    return _read(READ.format(join=PEOPLE, where=where, lock="FOR UPDATE OF s"), words, [lead_ids])


def peek(lead_ids: Sequence[int], words: Words) -> ScoreRows:
    """The rows that these ascending ids have, not locked."""
    where, params = among("s.lead_id", lead_ids)
    rows = _read(READ.format(join="", where=where, lock=""), words, params)
    return rows_of(rows, np.isin(rows.lead, lead_ids, assume_unique=True))


def _read(query: str, words: Words, params: list[Any]) -> ScoreRows:
    known = [words.bands, words.keys, words.keys]
    columns = arrays(query, [">i8"] * 11, [*known, *params])[0]
    columns[-1] = np.where(columns[-1] == NO_INSTANT, NEVER, columns[-1] + EPOCH_2000)
    return ScoreRows(*columns)


def database_now() -> datetime:
    """The clock of the database, read after the locks were taken."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


def disqualified_among(lead_ids: Sequence[int]) -> np.ndarray:
    """By a colleague's hand; ascending ids."""
    where, params = among("lead_id", lead_ids)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT lead_id FROM leads_disqualification WHERE {where}", params)  # noqa: S608  own words
        return np.array([row[0] for row in cursor.fetchall()], dtype=np.int64)


def from_result(
    lead: np.ndarray, result: Scores, holds: np.ndarray, excluded: np.ndarray, words: Words
) -> ScoreRows:
    return ScoreRows(
        lead=lead,
        total=result.total,
        fit=result.fit,
        engagement=result.engagement,
        band=result.band.astype(np.int64) + 1,
        qualified=holds.astype(np.int64),
        critical=words.rules(result.critical),
        disqualified=np.where(excluded, words.keys.index(BY_HAND) + 1, words.rules(result.disqualified)),
        fit_low=result.fit_low,
        fit_high=result.fit_high,
        next_change_at=result.next_change_at,
    )


def must_write(before: ScoreRows, after: ScoreRows, as_of: datetime) -> np.ndarray:
    """Whose score differs, or whose wake-up time does and matters: an older, earlier one is still a safe one."""
    early = (after.next_change_at < before.next_change_at) | (
        before.next_change_at <= facts.microseconds(as_of)
    )
    return differ(before, after, KEEP) | early


def write(before: ScoreRows, after: ScoreRows, version: ModelVersion, words: Words, as_of: datetime) -> int:
    """Writes rows whose score or wake-up time must change; returns how many scores did."""
    _update(rows_of(after, must_write(before, after, as_of)), version, words, as_of)
    _remember(rows_of(after, differ(before, after, SHOWN)), version, words, as_of)
    return int(differ(before, after, KEEP).sum())


def stamp(lead_ids: np.ndarray, version: ModelVersion) -> None:
    """Names the version that these locked rows were scored by, also where it came to the same score. A row is thus
    always true under the version it names.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE scoring_score SET version_id = %s WHERE lead_id = ANY(%s) AND version_id <> %s",
            [version.pk, lead_ids.tolist(), version.pk],
        )


def differ(before: ScoreRows, after: ScoreRows, names: Sequence[str]) -> np.ndarray:
    """Where one of these columns is not the same."""
    found = np.zeros(len(before.lead), dtype=bool)
    for name in names:
        found |= getattr(before, name) != getattr(after, name)
    return found


def rows_of(rows: ScoreRows, chosen: np.ndarray) -> ScoreRows:
    return ScoreRows(*(getattr(rows, name)[chosen] for name in rows.__dataclass_fields__))


def _update(rows: ScoreRows, version: ModelVersion, words: Words, as_of: datetime) -> None:
    if not len(rows.lead):
        return
    wake = [None if at >= NEVER else facts.instant(at) for at in rows.next_change_at.tolist()]
    with connection.cursor() as cursor:
        cursor.execute(WRITE, [version.pk, as_of, rows.lead.tolist(), *spelled(rows, words, KEEP), wake])


def spelled(rows: ScoreRows, words: Words, names: Sequence[str]) -> list[list[Any]]:
    """These columns as the table has them: codes become words."""
    by_code: dict[str, list[Any]] = {
        "band": words.bands,
        "critical": words.keys,
        "disqualified": words.keys,
        "qualified": [True, False],
    }
    return [
        [by_code[name][code - 1] for code in getattr(rows, name).tolist()]
        if name in by_code
        else getattr(rows, name).tolist()
        for name in names
    ]


def _remember(rows: ScoreRows, version: ModelVersion, words: Words, as_of: datetime) -> None:
    if not len(rows.lead):
        return
    with connection.cursor() as cursor:
        cursor.execute(REMEMBER, [as_of, version.pk, rows.lead.tolist(), *spelled(rows, words, SHOWN)])
