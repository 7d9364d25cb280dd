"""The model card: what the page about the predictive score shows. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from typing import Any

import numpy as np

from scoring import outcomes, plots
from scoring.models import PredictionModel, PredictionRun, PredictionTraining, UnlearntField
from scoring.plots import Plot
from scoring.prediction import metrics
from scoring.prediction.card import LEAST_OUTCOMES, LEAST_POSITIVES
from scoring.prediction.scorecard import Feature

SHOWN = 12  # columns; the others fold away


@dataclass(frozen=True)
class Used:
    """A column that was learnt from: its two ends in words, how much it sorts, and how leads moved since."""

    key: str
    label: str
    best: str
    worst: str
    weight: float
    drift: float | None
    differs: float
    unlearnt: bool


@dataclass(frozen=True)
class Card:
    model: PredictionModel
    run: PredictionRun | None
    plots: list[Plot]
    used: list[Used]
    drift: float | None
    differs: float | None

    @property
    def telling(self) -> list[Used]:
        return self.used[:SHOWN]

    @property
    def others(self) -> list[Used]:
        return self.used[SHOWN:]

    @property
    def measured(self) -> dict[str, Any]:
        return self.model.metrics


def card_of(model: PredictionModel) -> Card:
    runs = model.runs.filter(finished_at__isnull=False).order_by("pk")
    first, last = runs.first(), runs.last()
    measured = model.metrics
    drawn = [plots.calibration(measured["calibration"]), plots.lift(measured["lift"])]
    if len(measured["months"]) > 1:
        drawn.append(plots.months(measured["months"]))
    drawn.append(plots.curve(measured["curve"]))
    return Card(model, last, drawn, _used(model, first, last), *_scores_moved(measured, first, last))


def _counts(run: PredictionRun | None, name: str) -> np.ndarray | None:
    return np.array(run.counts[name]) if run and run.counts else None


def _scores_moved(
    measured: dict[str, Any], first: PredictionRun | None, last: PredictionRun | None
) -> tuple[float | None, float | None]:
    before, now = _counts(first, "tenths"), _counts(last, "tenths")
    if before is None or now is None:
        return None, None
    since = metrics.psi(before, now) if first != last else None
    return since, metrics.psi(np.array(measured["scores"]), now)


def _used(model: PredictionModel, first: PredictionRun | None, last: PredictionRun | None) -> list[Used]:
    before, now = _counts(first, "terms"), _counts(last, "terms")
    unlearnt = set(UnlearntField.objects.values_list("key", flat=True))
    found = []
    for feature, start in zip(model.card.features, model.card.starts().tolist(), strict=True):
        part = slice(start, start + len(feature.rows))
        then = before[part] if before is not None and first != last else None
        found.append(_line(feature, then, now[part] if now is not None else None, unlearnt))
    return sorted(found, key=lambda used: -used.weight)


def _line(feature: Feature, before: Any, now: Any, unlearnt: set[str]) -> Used:
    words = feature.binning.words()
    rows, weights = np.array(feature.rows), np.array(feature.weights)
    met = np.flatnonzero(rows > 0)
    best, worst = met[np.argmax(weights[met])], met[np.argmin(weights[met])]
    return Used(
        key=feature.binning.key,
        label=feature.binning.label,
        best=f"{words[best]} ({_odds(weights[best])})",
        worst=f"{words[worst]} ({_odds(weights[worst])})",
        weight=float(np.sqrt((weights**2 * rows).sum() / rows.sum())),
        drift=metrics.psi(before, now) if before is not None and now is not None else None,
        differs=metrics.psi(rows, now) if now is not None else 0.0,
        unlearnt=feature.binning.key in unlearnt,
    )


def _odds(weight: float) -> str:
    return f"odds ×{exp(weight):.1f}"


@dataclass(frozen=True)
class Waiting:
    """How far the outcomes go towards the least that is needed."""

    rows: int
    positives: int
    least_rows: int = LEAST_OUTCOMES
    least_positives: int = LEAST_POSITIVES


def waiting() -> Waiting:
    known = outcomes.known()
    return Waiting(len(known), int(known.won.sum()))


def last_training() -> PredictionTraining | None:
    return PredictionTraining.objects.select_related("asked_by").order_by("-pk").first()


def unlearnt() -> list[UnlearntField]:
    return list(UnlearntField.objects.select_related("by").order_by("key"))
