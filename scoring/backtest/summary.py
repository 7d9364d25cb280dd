"""The sums of a run as plain data to be kept: everything the page needs, for every line."""

from __future__ import annotations

from typing import Any

import numpy as np

from scoring.backtest.entries import bounds
from scoring.backtest.judging import FIRST_MONDAY, WEEK
from scoring.backtest.running import Moves, Part, Side
from scoring.facts import instant
from scoring.language import Model

MOST_SOURCES = 12  # by name; the others together


def summary(part: Part, models: tuple[Model, ...]) -> dict[str, Any]:
    weeks = sorted({week for side in part.sides for week in (*side.curve.weekly, *side.again)})
    span = range(weeks[0], weeks[-1] + 1) if weeks else range(0)
    data = {
        "leads": part.leads,
        "unrecorded": part.unrecorded,
        "undated": part.undated,
        "reached": part.reached,
        "base": part.base.tolist(),
        "ahead": part.ahead.tolist(),
        "weeks": [instant(FIRST_MONDAY + week * WEEK).date().isoformat() for week in span],
        "sides": [_side(side, model, span) for side, model in zip(part.sides, models, strict=True)],
    }
    return data | (_compared(*part.compared) if part.compared else {})


def _side(side: Side, model: Model, weeks: range) -> dict[str, Any]:
    curve, (lowest, highest) = side.curve, bounds(model)
    nobody = np.zeros(highest - lowest + 1, np.int64)
    weekly = np.array([curve.weekly.get(week, nobody) for week in weeks], np.int64).reshape(-1, len(nobody))
    counts = ("entered", "judged", "hits", "caught")
    return {
        "lowest": lowest,
        "threshold": model.threshold,
        **{name: getattr(curve, name).tolist() for name in counts},
        "weekly": weekly.T.tolist(),
        "again": [int(side.again.get(week, 0)) for week in weeks],
        "sources": _largest(side.sources),
        "segments": {name: counts.tolist() for name, counts in sorted(side.segments.items()) if counts[0]},
        "bands": {name: counts.tolist() for name, counts in sorted(side.bands.items())},
    }


def _largest(sources: dict[str, Any]) -> dict[str, list[int]]:
    """A source that nobody named stays apart from those that are merely small."""
    ranked = sorted(sources, key=lambda name: (-int(sources[name][0]), name))
    kept = {name or "Not known": sources[name].tolist() for name in ranked[:MOST_SOURCES]}
    rest = [sources[name] for name in ranked[MOST_SOURCES:]]
    return kept | ({"Other sources": np.sum(rest, axis=0).tolist()} if rest else {})


def _compared(sides: Any, enters: Moves, leaves: Moves) -> dict[str, Any]:
    days = np.array(sides.days)
    return {
        "both": sides.both,
        "shifts": sides.shifts.tolist(),
        "median_days": round(float(np.median(days)), 2) if len(days) else None,
        "quartiles": [round(float(q), 2) for q in np.percentile(days, [25, 75])] if len(days) else None,
        "enters": [enters.count, enters.reached],
        "leaves": [leaves.count, leaves.reached],
    }
