"""All that can be said about one training: measured on leads held back, and by folds over all of them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from scoring.prediction import fitting, leakage, metrics
from scoring.prediction.calibration import logistic
from scoring.prediction.columns import Column, LeftOut, usable
from scoring.prediction.fitting import Sample
from scoring.prediction.scorecard import Scorecard

LEAST_OUTCOMES, LEAST_POSITIVES = 200, 40
HELD_BACK = 0.3
DAY = 86_400_000_000  # microseconds
SPREAD = 30 * DAY  # outcomes closer together than this have no meaningful order in time
CURVE = (0.2, 0.4, 0.6, 0.8, 1.0)


class TooLittle(Exception):
    """There is not enough to learn from; says how much there is and how much is needed."""


@dataclass(frozen=True)
class Trained:
    scorecard: Scorecard
    metrics: dict[str, Any]
    used: list[Column]
    left_out: list[LeftOut]


def train(
    sample: Sample,
    instants: np.ndarray,
    *,
    excluded: Collection[str] = (),
    later: Mapping[str, tuple[int, int]] | None = None,
) -> Trained:
    """`instants`: when each lead was looked at, in microseconds; `later` as for `leakage.warnings`."""
    check(sample.won)
    columns, left_out = usable(sample.table, excluded)
    if not columns:
        raise TooLittle(
            f"Nothing to learn from: none of the {len(left_out)} columns of these leads can be used."
            " Nothing was predicted; earlier predictions stand."
        )
    older, newest, by_time = split(sample, instants)
    held = _held_back(sample.take(older), sample.take(newest), columns)
    card, odds = fitting.learn_calibrated(sample, columns, held["strength"])
    said = logistic(odds)
    used = {column.key for column in columns}
    looked_at = {key: column for key, column in sample.table.columns.items() if key not in excluded}
    warned = leakage.warnings(looked_at, used, sample.won, list(sample.table.ids), later or {})
    measured = {
        **held,
        "rows": len(sample),
        "positives": int(sample.won.sum()),
        "held_back": {"rows": len(newest), "positives": int(sample.won[newest].sum()), "by_time": by_time}
        | _period(instants[newest]),
        "period": _period(instants),
        "months": _months(sample.won, said, instants),
        "scores": np.bincount((said * 10).astype(int).clip(0, 9), minlength=10).tolist(),
        "warnings": [asdict(warning) | {"used": warning.key in used} for warning in warned],
        "left_out": [asdict(column) for column in left_out],
        "seed": fitting.SEED,
    }
    return Trained(card, measured, columns, left_out)


def check(won: np.ndarray) -> None:
    rows, positives = len(won), int(won.sum())
    others = rows - positives
    if rows >= LEAST_OUTCOMES and positives >= LEAST_POSITIVES and others >= LEAST_POSITIVES:
        return
    raise TooLittle(
        f"Too little to learn from: {rows:,} leads with a known outcome, {positives:,} of them won and"
        f" {others:,} not. At least {LEAST_OUTCOMES} are needed, {LEAST_POSITIVES} of them won and"
        f" {LEAST_POSITIVES} not. Nothing was predicted; earlier predictions stand."
    )


def split(sample: Sample, instants: np.ndarray) -> tuple[np.ndarray, np.ndarray, bool]:
    """Rows to learn from and rows to measure on: the newest, or by hash when time tells nothing."""
    rows = np.arange(len(sample))
    middle = np.percentile(instants, [5, 95])
    if middle[1] - middle[0] >= SPREAD:
        order = np.lexsort((np.array(sample.table.ids), instants))
        cut = round((1 - HELD_BACK) * len(rows))
        older, newest = np.sort(order[:cut]), np.sort(order[cut:])
        if all(5 <= sample.won[part].sum() <= len(part) - 5 for part in (older, newest)):
            return older, newest, True
    fold = fitting.folds(sample.table.ids, 10, fitting.SEED + 1)
    return rows[fold >= 10 * HELD_BACK], rows[fold < 10 * HELD_BACK], False


def _held_back(older: Sample, newest: Sample, columns: Sequence[Column]) -> dict[str, Any]:
    mine = [older.table.columns[column.key] for column in columns]
    strength = fitting.best_strength(older, mine)
    card, _ = fitting.learn_calibrated(older, mine, strength)
    said, won = logistic(card.odds(newest.table)), newest.won
    value = metrics.auc(won, said)
    low, high = metrics.auc_interval(value, int(won.sum()), int(len(won) - won.sum()))
    usual = np.full(len(won), older.won.mean())
    return {
        "auc": value,
        "auc_low": low,
        "auc_high": high,
        "brier": metrics.brier(won, said),
        "brier_usual": metrics.brier(won, usual),
        "log_loss": metrics.log_loss(won, said),
        "log_loss_usual": metrics.log_loss(won, usual),
        "ece": metrics.ece(won, said),
        "calibration": [asdict(band) for band in metrics.calibration(won, said, _bands(len(won)))],
        "lift": [asdict(band) for band in metrics.lift(won, said)],
        "curve": _curve(older, newest, mine, strength),
        "strength": strength,
    }


def _bands(rows: int) -> int:
    """Groups of at least fifty leads; the interval of fewer is wider than the chart."""
    return max(3, min(metrics.BANDS, rows // 50))


def _curve(older: Sample, newest: Sample, columns: Sequence[Column], strength: float) -> list[dict[str, Any]]:
    """What it would have known from fewer leads: does it pay to wait for more?"""
    place = fitting.folds(older.table.ids, 100, fitting.SEED + 2)
    points = []
    for share in CURVE:
        rows = np.flatnonzero(place < 100 * share)
        part = older.take(rows)
        if 2 <= part.won.sum() <= len(part) - 2:
            mine = [part.table.columns[column.key] for column in columns]
            odds = fitting.learn(part, mine, strength).odds(newest.table)
            points.append({"rows": len(part), "auc": metrics.auc(newest.won, odds)})
    return points


def _months(won: np.ndarray, said: np.ndarray, instants: np.ndarray) -> list[dict[str, Any]]:
    """By models that did not see the lead. UTC months."""
    months = instants.astype("datetime64[us]").astype("datetime64[M]").astype(str)
    return [{"month": label, **asdict(band)} for label, band in metrics.by_label(months, won, said).items()]


def _period(instants: np.ndarray) -> dict[str, str]:
    days = instants.astype("datetime64[us]").astype("datetime64[D]")
    return {"first": str(days.min()), "last": str(days.max())}
