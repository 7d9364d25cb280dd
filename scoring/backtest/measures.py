"""Lift as a page shows it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from scoring.shares import Share


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
        return self._over_base(self.share.interval[0])

    @property
    def high(self) -> float | None:
        return self._over_base(self.share.interval[1])

    def _over_base(self, value: float | None) -> float | None:
        return value / self.base.value if self.base.value and value is not None and self.share.whole else None
