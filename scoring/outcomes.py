"""Which leads are known to have been won or not, and when each is looked at to learn from it.

A lead that qualified is looked at when it did: what sales and the lead did afterwards belongs to the outcome. A
result that came with an import names no such instant, so everything known when it was recorded counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from django.db import connection

from scoring import facts

MOST = 50_000  # examples, the newest; more change no weight that matters

# Expired: nobody worked the lead, which says nothing about it.
KNOWN = """
SELECT * FROM (
    SELECT l.id, o.result = 'won' AS won, o.recorded_at AS looked_at, l.created_at AS dated, true AS recorded
    FROM leads_leadoutcome o JOIN leads_lead l ON l.id = o.lead_id
    WHERE l.merged_into_id IS NULL
    UNION ALL
    (SELECT DISTINCT ON (c.lead_id) c.lead_id, c.outcome = 'customer', c.opened_at, c.opened_at, false
    FROM scoring_qualificationcycle c JOIN leads_lead l ON l.id = c.lead_id
    WHERE c.closed_at IS NOT NULL AND c.outcome <> 'expired' AND l.merged_into_id IS NULL
      AND NOT EXISTS (SELECT 1 FROM leads_leadoutcome o WHERE o.lead_id = c.lead_id)
    ORDER BY c.lead_id, c.opened_at DESC)
) known ORDER BY dated DESC, id DESC LIMIT %s
"""


@dataclass(frozen=True)
class Outcomes:
    """Parallel arrays in the order of ids. `dated` puts them in order in time (microseconds)."""

    ids: np.ndarray
    won: np.ndarray
    looked_at: np.ndarray
    dated: np.ndarray
    recorded: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def mostly_dated(self) -> bool:
        """Whether most instants are real ones. Only then “in the last 30 days” says the same of leads of today."""
        return len(self) > 0 and float(self.recorded.mean()) < 0.5


def known(most: int = MOST) -> Outcomes:
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, [most])
        rows = sorted(cursor.fetchall())
    return Outcomes(
        ids=np.array([row[0] for row in rows], dtype=np.int64),
        won=np.array([row[1] for row in rows], dtype=np.int64),
        looked_at=np.array([facts.microseconds(row[2]) for row in rows], dtype=np.int64),
        dated=np.array([facts.microseconds(row[3]) for row in rows], dtype=np.int64),
        recorded=np.array([row[4] for row in rows], dtype=bool),
    )
