"""Shares with their bases and intervals, as a page shows them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

Z = 1.959964  # two-sided 95%
FEW = 20  # below this a share would only look exact


@dataclass(frozen=True)
class Share:
    """`part` of `whole`, with a Wilson interval; None where nothing can be said."""

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        return self.part / self.whole if self.whole else None

    @property
    def low(self) -> float:
        return wilson(self.part, self.whole)[0]

    @property
    def high(self) -> float:
        return wilson(self.part, self.whole)[1]

    @property
    def sure(self) -> bool:
        return self.whole >= FEW


def wilson(part: int, whole: int) -> tuple[float, float]:
    """The 95% score interval; everything is possible while there is nothing."""
    if not whole:
        return 0.0, 1.0
    share, square = part / whole, Z * Z / whole
    middle, reach = share + square / 2, Z * sqrt(share * (1 - share) / whole + square / (4 * whole))
    return max(0.0, (middle - reach) / (1 + square)), min(1.0, (middle + reach) / (1 + square))


@dataclass(frozen=True)
class Lift:
    """How many times better than taking leads at random; the interval is that of the share, over the known base."""

    share: Share
    base: Share

    @property
    def value(self) -> float | None:
        return self._over_base(self.share.value)

    @property
    def low(self) -> float | None:
        return self._over_base(self.share.low)

    @property
    def high(self) -> float | None:
        return self._over_base(self.share.high)

    def _over_base(self, value: float | None) -> float | None:
        return value / self.base.value if self.base.value and value is not None and self.share.whole else None
