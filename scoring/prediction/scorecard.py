"""What was learnt, as plain numbers: a weight for each group of each column. Pure, and kept as JSON.

Weights are centred: the average lead gets 0 from every column, so a weight says how far a group differs from it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from scoring.prediction.binning import Binning
from scoring.prediction.calibration import Calibration
from scoring.prediction.columns import Table

REASONS = 3  # shown for, and as many against
AS_SAID = Calibration()  # not calibrated
SLIGHT = 0.05  # in log-odds; less is not worth a line


@dataclass(frozen=True)
class Term:
    """One group of one column: how many of the leads learnt from were in it, and what it adds in log-odds."""

    column: str
    label: str
    words: str
    weight: float
    rows: int


@dataclass(frozen=True)
class Feature:
    binning: Binning
    weights: tuple[float, ...]
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Scorecard:
    features: tuple[Feature, ...]
    intercept: float
    calibration: Calibration = AS_SAID

    def places(self, table: Table) -> np.ndarray:
        """The group of each lead (row) in each column (column)."""
        found = [_places(feature, table) for feature in self.features]
        return np.stack(found, axis=1) if found else np.zeros((len(table), 0), dtype=np.int64)

    def parts(self, places: np.ndarray) -> np.ndarray:
        """What each column adds for each lead, in log-odds before calibration."""
        found = [np.array(f.weights)[places[:, i]] for i, f in enumerate(self.features)]
        return np.stack(found, axis=1) if found else np.zeros((len(places), 0))

    def odds(self, table: Table) -> np.ndarray:
        """Calibrated log-odds."""
        return self.honest(self.parts(self.places(table)))

    def honest(self, parts: np.ndarray) -> np.ndarray:
        return self.calibration(self.intercept + parts.sum(axis=1))

    def starts(self) -> np.ndarray:
        """The number of the first term of each column: terms are numbered through."""
        sizes = [len(feature.weights) for feature in self.features]
        return np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64) if sizes else np.zeros(0, int)

    def reasons(self, places: np.ndarray, parts: np.ndarray) -> list[list[int]]:
        """For each lead the numbers of the terms that say most: first those for, then those against."""
        if not self.features:
            return [[] for _ in places]
        numbers = places + self.starts()
        order = np.argsort(parts, axis=1, kind="stable")
        most = min(REASONS, parts.shape[1])
        picked = np.concatenate([order[:, ::-1][:, :most], order[:, :most]], axis=1)
        values = np.take_along_axis(parts, picked, axis=1)
        values[:, :most] = np.maximum(values[:, :most], 0)
        values[:, most:] = np.minimum(values[:, most:], 0)
        named = np.take_along_axis(numbers, picked, axis=1)
        strong = np.abs(values) >= SLIGHT
        return [row[keep].tolist() for row, keep in zip(named, strong, strict=True)]

    def terms(self) -> list[Term]:
        return [
            Term(feature.binning.key, feature.binning.label, words, weight, rows)
            for feature in self.features
            for words, weight, rows in zip(
                feature.binning.words(), feature.weights, feature.rows, strict=True
            )
        ]

    def to_data(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Scorecard:
        features = tuple(_feature(entry) for entry in data["features"])
        line = data["calibration"]
        honest = Calibration(tuple(line["said"]), tuple(line["honest"]), line["slope"])
        return cls(features, data["intercept"], honest)


def _places(feature: Feature, table: Table) -> np.ndarray:
    """A column that the table lacks is known of nobody."""
    column = table.columns.get(feature.binning.key)
    if column is None:
        return np.full(len(table), feature.binning.size - 1)
    return feature.binning.places(column)


def _feature(entry: dict[str, Any]) -> Feature:
    binning = entry["binning"]
    made = Binning(**binning | {"edges": tuple(binning["edges"]), "levels": tuple(binning["levels"])})
    return Feature(made, tuple(entry["weights"]), tuple(entry["rows"]))
