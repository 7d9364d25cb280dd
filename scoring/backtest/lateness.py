"""Who enters on evidence that nobody had yet: activities count from when they happened, though some arrive later."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from django.db import connection

from scoring import facts
from scoring.backtest.entries import Ints
from scoring.compiler import NEVER

# Within an hour is how long senders may take that gather and repeat. Only leads that enter are asked about, as the
# time of arrival stands in no index.
AHEAD = """
SELECT count(DISTINCT e.lead) FROM unnest(%s::bigint[], %s::timestamptz[]) AS e(lead, at)
WHERE EXISTS (
    SELECT 1 FROM leads_activity a
    WHERE a.lead_id = e.lead AND a.occurred_at <= e.at AND a.received_at > e.at
      AND a.received_at > a.occurred_at + interval '1 hour')
"""


def ahead(ids: Ints, entered_at: Sequence[Ints]) -> Ints:
    """(leads that enter before something counted had arrived, leads that enter). One array a definition, parallel to
    `ids`, NEVER for who does not enter.
    """
    rows = [
        (pk, at)
        for own in entered_at
        for pk, at in zip(ids.tolist(), own.tolist(), strict=True)
        if at < NEVER
    ]
    if not rows:
        return np.zeros(2, np.int64)
    leads, instants = zip(*rows, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(AHEAD, [list(leads), [facts.instant(at) for at in instants]])
        found = cursor.fetchone()
    return np.array([found[0] if found else 0, len(set(leads))], np.int64)
