"""Learning a scorecard: ridge logistic regression over the groups, its strength by cross-validation. Pure.

scikit-learn is loaded when something is learnt, and by nothing else: giving advice needs numpy alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from zlib import crc32

import numpy as np

from scoring.prediction import metrics
from scoring.prediction.binning import binning_of
from scoring.prediction.calibration import calibrated, logistic
from scoring.prediction.columns import Column, Table
from scoring.prediction.scorecard import Feature, Scorecard

SEED = 20_261_122
FOLDS = 5
STRENGTHS = (0.03, 0.1, 0.3, 1.0)  # scikit-learn's C: the smaller, the more it holds back


@dataclass(frozen=True)
class Sample:
    """Examples: what was known, and how it ended (1 won, 0 not)."""

    table: Table
    won: np.ndarray

    def take(self, rows: np.ndarray) -> Sample:
        columns = {key: column.take(rows) for key, column in self.table.columns.items()}
        return Sample(Table([self.table.ids[i] for i in rows.tolist()], columns), self.won[rows])

    def __len__(self) -> int:
        return len(self.won)


def folds(ids: Sequence[int], count: int = FOLDS, seed: int = SEED) -> np.ndarray:
    """A fold for each id, the same on every machine and whatever the other ids are."""
    return np.array([crc32(f"{seed}|{value}".encode()) % count for value in ids], dtype=np.int64)


def learn(sample: Sample, columns: Sequence[Column], strength: float) -> Scorecard:
    """Not calibrated."""
    plain = Scorecard(
        tuple(Feature(binning, (0.0,) * binning.size, ()) for binning in map(binning_of, columns)), 0.0
    )
    places = plain.places(sample.table)
    weights, intercept = _regress(_one_hot(places, plain), sample.won, strength)
    return _centred(plain, places, weights, intercept)


def _one_hot(places: np.ndarray, card: Scorecard) -> Any:
    from scipy.sparse import csr_matrix

    rows, columns = places.shape
    width = sum(len(feature.weights) for feature in card.features)
    indices = (places + card.starts()).ravel()
    starts = np.arange(0, rows * columns + 1, columns)
    return csr_matrix((np.ones(rows * columns), indices, starts), shape=(rows, width))


def _regress(matrix: Any, won: np.ndarray, strength: float) -> tuple[np.ndarray, float]:
    from sklearn.linear_model import LogisticRegression

    found = LogisticRegression(C=strength, solver="newton-cholesky", random_state=SEED).fit(matrix, won)
    return found.coef_[0], float(found.intercept_[0])


def _centred(card: Scorecard, places: np.ndarray, weights: np.ndarray, intercept: float) -> Scorecard:
    features = []
    for i, (feature, start) in enumerate(zip(card.features, card.starts().tolist(), strict=True)):
        size = len(feature.weights)
        rows = np.bincount(places[:, i], minlength=size)
        mine = weights[start : start + size]
        average = float(mine @ rows / rows.sum())
        centred = np.where(rows > 0, mine - average, 0.0)  # nobody learnt from: says nothing
        intercept += average
        features.append(replace(feature, weights=tuple(map(float, centred)), rows=tuple(map(int, rows))))
    return Scorecard(tuple(features), intercept)


def odds_apart(sample: Sample, columns: Sequence[Column], strength: float) -> np.ndarray:
    """Each lead's log-odds from a model that did not see its fold."""
    fold = folds(sample.table.ids)
    odds = np.zeros(len(sample))
    for number in range(FOLDS):
        inside, outside = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        if len(outside) and 0 < sample.won[inside].sum() < len(inside):
            known = sample.take(inside)
            odds[outside] = learn(known, _same(columns, known), strength).odds(sample.take(outside).table)
    return odds


def _same(columns: Sequence[Column], sample: Sample) -> list[Column]:
    return [sample.table.columns[column.key] for column in columns]


def best_strength(sample: Sample, columns: Sequence[Column]) -> float:
    """The one whose log-loss on unseen folds is least; of equals the one that holds back more."""
    losses = [
        metrics.log_loss(sample.won, logistic(odds_apart(sample, columns, strength)))
        for strength in STRENGTHS
    ]
    return STRENGTHS[int(np.argmin(np.round(losses, 6)))]


def learn_calibrated(
    sample: Sample, columns: Sequence[Column], strength: float
) -> tuple[Scorecard, np.ndarray]:
    """The scorecard of all examples, calibrated on log-odds of unseen folds; and those, calibrated too."""
    odds = odds_apart(sample, columns, strength)
    line = calibrated(odds, sample.won, SEED)
    return replace(learn(sample, columns, strength), calibration=line), line(odds)
