"""Shares with their bases and intervals, and whether a difference is more than chance. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, exp, lgamma, log2, sqrt

from scoring.shares import Share


@dataclass(frozen=True)
class Lift:
    """How many times better than everybody decided: the share among those with the rule over the share of all."""

    having: Share
    everybody: Share

    @property
    def value(self) -> float | None:
        base = self.everybody.value
        return None if not base or not self.having.whole else self.having.part / self.having.whole / base

    @property
    def interval(self) -> tuple[float, float] | None:
        base = self.everybody.value
        if not base or not self.having.whole:
            return None
        low, high = self.having.interval
        return low / base, high / base

    @property
    def lacking(self) -> Share:
        """Those without the rule."""
        return Share(self.everybody.part - self.having.part, self.everybody.whole - self.having.whole)

    @property
    def verdict(self) -> str:
        """`better` or `worse` where the whole interval says so; `unsure` with few cases or an interval over 1."""
        reach = self.interval
        if reach is None or not self.having.sure or not self.lacking.sure:
            return "unsure"
        return "worse" if reach[1] < 1 else "better" if reach[0] > 1 else "unsure"

    @property
    def doublings(self) -> float:
        """How often the odds of those with the rule double those of the others; half a case added to each corner."""
        having, lacking = self.having, self.lacking
        with_rule = (having.part + 0.5) / (having.whole - having.part + 0.5)
        without = (lacking.part + 0.5) / (lacking.whole - lacking.part + 0.5)
        return log2(with_rule / without)

    @property
    def chance(self) -> float:
        """How likely a difference as large as this is, if the rule says nothing (Fisher's exact test)."""
        return fisher(self.having.part, self.having.whole, self.everybody.part, self.everybody.whole)


def jaccard(both: int, one: int, other: int) -> float:
    """Of those in either, the share in both."""
    either = one + other - both
    return both / either if either else 0.0


def fisher(part: int, whole: int, all_parts: int, everybody: int) -> float:
    """Two-sided: of all splits no more likely than this one. Exact, by logarithms of factorials."""
    if not 0 < whole < everybody or not 0 < all_parts < everybody:
        return 1.0
    least, most = max(0, whole - (everybody - all_parts)), min(whole, all_parts)

    def log_weight(k: int) -> float:
        return (
            _log_choose(all_parts, k)
            + _log_choose(everybody - all_parts, whole - k)
            - _log_choose(everybody, whole)
        )

    limit = log_weight(part) + 1e-9
    return min(1.0, sum(exp(w) for k in range(least, most + 1) if (w := log_weight(k)) <= limit))


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def two_shares(now: Share, then: Share) -> float:
    """How likely two shares differ as much as these by chance (pooled z test)."""
    if not now.whole or not then.whole:
        return 1.0
    pooled = (now.part + then.part) / (now.whole + then.whole)
    spread = pooled * (1 - pooled) * (1 / now.whole + 1 / then.whole)
    if spread <= 0:
        return 1.0
    return erfc(abs(now.part / now.whole - then.part / then.whole) / sqrt(2 * spread))


def holm(chances: Sequence[float]) -> list[float]:
    """Corrected for looking at many: under a level, at most that chance of even one false alarm."""
    order = sorted(range(len(chances)), key=chances.__getitem__)
    corrected, worst = [1.0] * len(chances), 0.0
    for rank, place in enumerate(order):
        worst = max(worst, min(1.0, chances[place] * (len(chances) - rank)))
        corrected[place] = worst
    return corrected


def benjamini_hochberg(chances: Sequence[float]) -> list[float]:
    """Corrected for looking at many: of all found under a level, about that share is false."""
    order = sorted(range(len(chances)), key=chances.__getitem__, reverse=True)
    corrected, best = [1.0] * len(chances), 1.0
    for back, place in enumerate(order):
        best = min(best, chances[place] * len(chances) / (len(chances) - back))
        corrected[place] = best
    return corrected
