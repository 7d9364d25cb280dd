"""Leads whose outcome is known, each as it was known at one instant. Nothing that came later is read.

Cycles  the newest decided cycle of a lead, as of when it qualified
Files   a result that an import brought names no such instant, so everything known when it was recorded counts; only
        for "won", and only leads without a decided cycle
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any

import numpy as np
from django.db import connection

from leads.fields import Field, all_fields
from scoring import facts
from scoring.batch import Facts
from scoring.health.flags import Ints
from scoring.health.populations import Basis
from scoring.shares import Share
from scoring.snapshots import _then

MOST = 50_000  # the newest; more change no finding
UNKNOWN = -1

# Expired: nobody worked the lead, which says nothing about it. A cycle's own SQL is one before the next cycle opens.
REACHED = """
EXISTS (
    SELECT 1 FROM leads_stagechange g WHERE g.lead_id = c.lead_id AND g.at >= c.opened_at
        AND g.stage IN ('sql', 'opportunity', 'customer') AND g.at < coalesce(
            (SELECT min(d.opened_at) FROM scoring_qualificationcycle d
            WHERE d.lead_id = c.lead_id AND d.n > c.n), 'infinity'))
"""
OF_CYCLES = f"""
SELECT * FROM (
    SELECT DISTINCT ON (c.lead_id) c.lead_id, c.opened_at AS at, s.reached,
        CASE c.outcome WHEN '' THEN NULL WHEN 'expired' THEN NULL ELSE c.outcome = 'customer' END AS won
    FROM scoring_qualificationcycle c JOIN leads_lead l ON l.id = c.lead_id
    CROSS JOIN LATERAL (SELECT {REACHED} AS reached) s
    WHERE l.merged_into_id IS NULL AND (s.reached OR c.outcome NOT IN ('', 'expired'))
    ORDER BY c.lead_id, c.n DESC
) known ORDER BY at DESC, lead_id LIMIT %s
"""  # noqa: S608  own words
OF_FILES = f"""
SELECT o.lead_id, o.recorded_at, NULL, o.result = 'won'
FROM leads_leadoutcome o JOIN leads_lead l ON l.id = o.lead_id
WHERE l.merged_into_id IS NULL AND NOT EXISTS (
    SELECT 1 FROM scoring_qualificationcycle c
    WHERE c.lead_id = o.lead_id AND (c.outcome NOT IN ('', 'expired') OR {REACHED}))
ORDER BY o.recorded_at DESC, o.lead_id LIMIT %s
"""  # noqa: S608  own words
PLACES = {"sql": 2, "won": 3}  # in their rows
Known = tuple[int, datetime, bool | None, bool | None]


@dataclass(frozen=True)
class Moments:
    """Parallel to `ids` (ascending). Outcomes are 1, 0 or UNKNOWN; `bases` says whose each outcome is."""

    ids: Ints
    at: Ints
    outcomes: Mapping[str, Ints]
    bases: Mapping[str, Basis]
    facts: Facts
    columns: Mapping[str, Sequence[Any]]
    fields: Mapping[str, Field]

    def __len__(self) -> int:
        return len(self.ids)


def known_moments() -> Moments:
    cycles, files = _known(OF_CYCLES), _known(OF_FILES)
    bases = {name: Basis.of(_share(cycles, place), _share(files, place)) for name, place in PLACES.items()}
    from_files = {name: basis.from_files for name, basis in bases.items()}
    rows = sorted(cycles + (files if any(from_files.values()) else []), key=itemgetter(0))
    ids = np.array([row[0] for row in rows], np.int64)
    at = np.array([facts.microseconds(row[1]) for row in rows], np.int64)
    theirs = np.isin(ids, [row[0] for row in files])
    outcomes = {
        name: np.where(theirs == from_files[name], _codes(rows, place), UNKNOWN)
        for name, place in PLACES.items()
    }
    fields = all_fields()
    columns = _then(ids, at, list(fields))[0] if len(ids) else {key: [] for key in fields}
    return Moments(ids, at, outcomes, bases, facts.of_leads(ids), columns, fields)


def _known(query: str) -> list[Known]:
    with connection.cursor() as cursor:
        cursor.execute(query, [MOST])
        return list(cursor.fetchall())


def _share(rows: Sequence[Known], place: int) -> Share:
    decided = [row[place] for row in rows if row[place] is not None]
    return Share(sum(map(bool, decided)), len(decided))


def _codes(rows: Sequence[Known], place: int) -> Ints:
    return np.array([UNKNOWN if row[place] is None else int(bool(row[place])) for row in rows], np.int64)
