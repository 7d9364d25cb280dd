"""How good probabilities are, measured on leads that the model did not see. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from scoring.shares import wilson

TINY = 1e-6
BANDS = 10


@dataclass(frozen=True)
class Band:
    """Leads with a similar probability: what was said of them, and what came true."""

    rows: int
    said: float
    won: int
    low: float
    high: float

    @property
    def share(self) -> float:
        return self.won / self.rows


def auc(won: np.ndarray, said: np.ndarray) -> float:
    """The chance that a lead that was won has the higher probability than one that was not; ties are halves."""
    positives = int(won.sum())
    negatives = len(won) - positives
    if not positives or not negatives:
        return 0.5
    _, place, counts = np.unique(said, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return float((ranks[won == 1].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def auc_interval(value: float, positives: int, negatives: int) -> tuple[float, float]:
    """95 %, after Hanley and McNeil."""
    q1, q2 = value / (2 - value), 2 * value**2 / (1 + value)
    spread = value * (1 - value) + (positives - 1) * (q1 - value**2) + (negatives - 1) * (q2 - value**2)
    margin = 1.96 * sqrt(max(spread, 0) / (positives * negatives)) if positives and negatives else 0.5
    return max(0.0, value - margin), min(1.0, value + margin)


def brier(won: np.ndarray, said: np.ndarray) -> float:
    return float(np.mean((said - won) ** 2))


def log_loss(won: np.ndarray, said: np.ndarray) -> float:
    safe = np.clip(said, TINY, 1 - TINY)
    return float(-np.mean(won * np.log(safe) + (1 - won) * np.log(1 - safe)))


def ece(won: np.ndarray, said: np.ndarray) -> float:
    """Expected calibration error: how far ten bands of equal width are off, weighted by their leads."""
    band = np.minimum((said * BANDS).astype(int), BANDS - 1)
    off = [abs(said[band == i].sum() - won[band == i].sum()) for i in range(BANDS)]
    return float(sum(off) / len(won))


def calibration(won: np.ndarray, said: np.ndarray, bands: int = BANDS) -> list[Band]:
    """Bands of equal numbers of leads, least likely first."""
    order = np.argsort(said, kind="stable")
    return [_band(won[part], said[part]) for part in np.array_split(order, bands) if len(part)]


def _band(won: np.ndarray, said: np.ndarray) -> Band:
    low, high = wilson(int(won.sum()), len(won))
    return Band(len(won), float(said.mean()), int(won.sum()), low, high)


def by_label(labels: np.ndarray, won: np.ndarray, said: np.ndarray) -> dict[str, Band]:
    """One band a label, such as a month, in the order of the labels."""
    return {
        str(label): _band(won[labels == label], said[labels == label]) for label in np.unique(labels).tolist()
    }


def lift(won: np.ndarray, said: np.ndarray) -> list[Band]:
    """Tenths of the leads, most likely first."""
    return calibration(won, said)[::-1]


def psi(before: np.ndarray, now: np.ndarray) -> float:
    """Population stability index of two distributions over the same groups: over 0.1 some drift, over 0.25 much."""
    if not before.sum() or not now.sum():
        return 0.0
    a = np.maximum(before / before.sum(), 1e-4)
    b = np.maximum(now / now.sum(), 1e-4)
    return float(np.sum((b - a) * np.log(b / a)))
