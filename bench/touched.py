"""How long somebody who edits a rule waits for the number of leads it touches, for every rule of the usual definition.

Reference  the half second after which an answer no longer feels immediate
"""

from __future__ import annotations

import statistics
import time
from typing import Any

from bench import scratch
from scoring import batch
from scoring.definition import published
from scoring.touched import touched

SECONDS = 0.5


def run(leads: int = 20_000, activities: int = 400_000) -> dict[str, Any]:
    with scratch.database(leads, activities):
        current = published()
        assert current is not None
        rules = current[1].rules
        batch.warm()
        timed = [_timed(rule) for rule in rules]
        drawn = [_timed(rule, exact_up_to=-1)[0] for rule in rules]
    taken = [seconds for seconds, _ in timed]
    return {
        "leads": leads,
        "activities": activities,
        "rules": len(rules),
        "median_seconds": round(statistics.median(taken), 3),
        "longest_seconds": round(max(taken), 3),
        "longest_estimate_seconds": round(max(drawn), 3),
        "exact": sum(exact for _, exact in timed),
        "reference": "half a second",
        "ratio": round(max(taken) / SECONDS, 2),
    }


def _timed(rule: Any, **how: int) -> tuple[float, bool]:
    began = time.perf_counter()
    found = touched(rule, **how)
    return time.perf_counter() - began, bool(found and found.now.exact)
