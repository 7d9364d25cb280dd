"""Log-odds made honest: of leads said to have 30 %, three in ten shall be won. Pure.

Half Platt's straight line, half isotonic steps, at twenty points with straight lines between. The line alone bends
too little, the steps alone follow every accident; with few examples only the line is used.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

KNOTS = 20
STEPS_COUNT = 0.5
ENOUGH_FOR_STEPS = 1000
SURE = 1e-4


@dataclass(frozen=True)
class Calibration:
    """Straight lines through (`said`, `honest`), both log-odds; outside them on with `slope`."""

    said: tuple[float, ...] = (0.0,)
    honest: tuple[float, ...] = (0.0,)
    slope: float = 1.0

    def __call__(self, odds: np.ndarray) -> np.ndarray:
        inside = np.clip(odds, self.said[0], self.said[-1])
        return np.interp(inside, self.said, self.honest) + self.slope * (odds - inside)


def logistic(odds: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-odds))


def calibrated(odds: np.ndarray, won: np.ndarray, seed: int) -> Calibration:
    """From log-odds that a model gave to leads it had not seen, and how those ended."""
    slope, shift = _line(odds, won, seed)
    knots = np.unique(np.quantile(odds, (np.arange(KNOTS) + 0.5) / KNOTS))
    shares = logistic(slope * knots + shift)
    if len(won) >= ENOUGH_FOR_STEPS:
        shares = STEPS_COUNT * _steps(odds, won, knots) + (1 - STEPS_COUNT) * shares
    safe = np.clip(shares, SURE, 1 - SURE)
    honest = np.log(safe / (1 - safe))
    return Calibration(tuple(knots.tolist()), tuple(honest.tolist()), slope)


def _line(odds: np.ndarray, won: np.ndarray, seed: int) -> tuple[float, float]:
    """Platt's slope and shift. A slope that would turn the order round says that nothing is known."""
    from sklearn.linear_model import LogisticRegression

    found = LogisticRegression(C=1e4, random_state=seed).fit(odds.reshape(-1, 1), won)
    return max(float(found.coef_[0][0]), 0.0), float(found.intercept_[0])


def _steps(odds: np.ndarray, won: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """The isotonic share around each knot."""
    from sklearn.isotonic import IsotonicRegression

    shares = IsotonicRegression().fit_transform(odds, won)
    nearest = np.searchsorted((knots[1:] + knots[:-1]) / 2, odds)
    return np.bincount(nearest, weights=shares, minlength=len(knots)) / np.bincount(nearest)
