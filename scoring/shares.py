"""A share with its base and its interval, as every page says it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

FEW = 20  # below this a share would only look exact


@dataclass(frozen=True)
class Share:
    """`part` of `whole`, with a Wilson interval; everything is possible while there is nothing."""

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        return self.part / self.whole if self.whole else None

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.part, self.whole)

    @property
    def sure(self) -> bool:
        return self.whole >= FEW


def wilson(part: float, whole: float, level: float = 0.95) -> tuple[float, float]:
    """The score interval of a share (Wilson 1927): honest for few cases and near 0 and 1."""
    if not whole:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + level) / 2)
    share, spread = part / whole, z * z / whole
    middle = (share + spread / 2) / (1 + spread)
    margin = z * sqrt(share * (1 - share) / whole + spread / (4 * whole)) / (1 + spread)
    return max(0.0, middle - margin), min(1.0, middle + margin)
