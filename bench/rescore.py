"""A full rescore against the cheapest thing the database could do with the same rows.

Reference  one sequential scan of the activity table, grouped by lead; the plan is pinned, so that it cannot
           turn into an index-only scan of the covering index
Ours       everything: read facts and fields, score, compare, write what changed; and again with nothing to change
"""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable
from typing import Any

from django.db import connection

from bench import scratch
from scoring.services import keeping

REFERENCE = (
    "SELECT count(*) FROM (SELECT lead_id, count(*), max(occurred_at), sum(length(props::text))"
    " FROM leads_activity GROUP BY lead_id) per_lead"
)
PINNED = (
    "SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_bitmapscan = off;"
    " SET work_mem = '256MB'"
)
ROUNDS = 3


def run(leads: int = 100_000, activities: int = 2_000_000) -> dict[str, Any]:
    with scratch.database(leads, activities):
        keeping.score_leads([1])  # compiles the kernel
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        first, kept = _timed(keeping.rescore_all)
        _spoil_a_tenth()
        tenth, changed = _timed(keeping.rescore_all)
        again = statistics.median(_timed(keeping.rescore_all)[0] for _ in range(ROUNDS))
        reference = statistics.median(_timed(_reference)[0] for _ in range(ROUNDS))
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024
    return {
        "leads": kept.leads,
        "activities": activities,
        "first_seconds": round(first, 2),
        "tenth_changed": changed.changed,
        "seconds": round(tenth, 2),
        "unchanged_seconds": round(again, 2),
        "reference": "seq scan + GROUP BY lead",
        "reference_seconds": round(reference, 2),
        "ratio": round(tenth / reference, 2),
        "extra_megabytes": round(grown),
    }


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def _spoil_a_tenth() -> None:
    """One score in ten is wrong by a point, so that one in ten must be written."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE scoring_score SET total = total + 1 WHERE lead_id % 10 = 0")


def _reference() -> None:
    with connection.cursor() as cursor:
        cursor.execute(PINNED)
        cursor.execute(REFERENCE)
        cursor.execute("RESET ALL")
