"""Leads whose outcome is known, each as it was known when it qualified. Nothing that came later is read.

One moment a lead: its newest decided cycle. A result that an import brought names no such instant, so everything
known when it was recorded counts, and only for "won".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection

from leads.fields import Field, all_fields
from scoring import facts
from scoring.batch import Facts
from scoring.health.flags import Ints
from scoring.snapshots import _then

MOST = 50_000  # the newest; more change no finding
UNKNOWN = -1

# Expired: nobody worked the lead, which says nothing about it. A cycle's own SQL is one before the next cycle opens.
KNOWN = """
SELECT * FROM (
    (SELECT DISTINCT ON (c.lead_id) c.lead_id, c.opened_at AS at, s.reached,
        CASE c.outcome WHEN '' THEN NULL WHEN 'expired' THEN NULL ELSE c.outcome = 'customer' END AS won
    FROM scoring_qualificationcycle c JOIN leads_lead l ON l.id = c.lead_id
    CROSS JOIN LATERAL (SELECT EXISTS (
        SELECT 1 FROM leads_stagechange g WHERE g.lead_id = c.lead_id AND g.at >= c.opened_at
            AND g.stage IN ('sql', 'opportunity', 'customer') AND g.at < coalesce(
                (SELECT min(d.opened_at) FROM scoring_qualificationcycle d
                WHERE d.lead_id = c.lead_id AND d.n > c.n), 'infinity')) AS reached) s
    WHERE l.merged_into_id IS NULL AND (s.reached OR c.outcome NOT IN ('', 'expired'))
    ORDER BY c.lead_id, c.n DESC)
    UNION ALL
    SELECT o.lead_id, o.recorded_at, NULL, o.result = 'won'
    FROM leads_leadoutcome o JOIN leads_lead l ON l.id = o.lead_id
    WHERE l.merged_into_id IS NULL
      AND NOT EXISTS (SELECT 1 FROM scoring_qualificationcycle c WHERE c.lead_id = o.lead_id AND c.outcome <> '')
) known ORDER BY at DESC, lead_id LIMIT %s
"""


@dataclass(frozen=True)
class Moments:
    """Parallel to `ids` (ascending). Outcomes are 1, 0 or UNKNOWN."""

    ids: Ints
    at: Ints
    outcomes: Mapping[str, Ints]
    facts: Facts
    columns: Mapping[str, Sequence[Any]]
    fields: Mapping[str, Field]

    def __len__(self) -> int:
        return len(self.ids)


def known_moments() -> Moments:
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, [MOST])
        rows = sorted({row[0]: row for row in reversed(cursor.fetchall())}.values())
    ids = np.array([row[0] for row in rows], np.int64)
    at = np.array([facts.microseconds(row[1]) for row in rows], np.int64)
    fields = all_fields()
    columns = _then(ids, at, list(fields))[0] if len(ids) else {key: [] for key in fields}
    outcomes = {name: _codes(row[place] for row in rows) for place, name in ((2, "sql"), (3, "won"))}
    return Moments(ids, at, outcomes, facts.of_leads(ids), columns, fields)


def _codes(values: Any) -> Ints:
    return np.array([UNKNOWN if value is None else int(value) for value in values], np.int64)
