"""Whether a mail makes a difference: two shares, their difference with an interval, and when nothing can be said. Pure.

Interval  Newcombe's hybrid score interval (1998, method 10), made of the two Wilson intervals: right for rare
          events and small groups, where the usual one is not
Enough    each group has LEAST people, and together at least CASES people did it and CASES did not
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

from scoring.shares import Share, wilson

LEVEL = 0.95
LEAST = 50  # people in each group; with fewer an interval says next to nothing
CASES = 10  # who did it, and who did not, in both groups together


@dataclass(frozen=True)
class Difference:
    """`treated` minus `control`, as shares: 0.031 is 3.1 points."""

    treated: Share
    control: Share
    level: float = LEVEL

    @property
    def value(self) -> float | None:
        if self.treated.value is None or self.control.value is None:
            return None
        return self.treated.value - self.control.value

    @property
    def interval(self) -> tuple[float, float]:
        if self.treated.value is None or self.control.value is None:
            return -1.0, 1.0
        low, high = wilson(self.treated.part, self.treated.whole, self.level)
        under, over = wilson(self.control.part, self.control.whole, self.level)
        mine, other = self.treated.value, self.control.value
        return (
            mine - other - sqrt((mine - low) ** 2 + (over - other) ** 2),
            mine - other + sqrt((high - mine) ** 2 + (other - under) ** 2),
        )

    @property
    def enough(self) -> bool:
        did = self.treated.part + self.control.part
        did_not = self.treated.whole + self.control.whole - did
        return min(self.treated.whole, self.control.whole) >= LEAST and min(did, did_not) >= CASES

    @property
    def sure(self) -> bool:
        low, high = self.interval
        return self.enough and (low > 0 or high < 0)


@dataclass(frozen=True)
class Contest:
    """Arms of a split, by key; judged once, when each has the people it was to have.

    One look at a size fixed beforehand: looking again and again until something shows would call every second
    split of equals a find. With more than two arms each comparison is stricter (Bonferroni).
    """

    arms: Mapping[str, Share]

    @property
    def best(self) -> str:
        return max(self.arms, key=lambda key: (self.arms[key].value or 0.0, -self.arms[key].part))

    def against(self, key: str) -> Difference:
        """The best arm minus this one."""
        rivals = max(1, len(self.arms) - 1)
        return Difference(self.arms[self.best], self.arms[key], 1 - (1 - LEVEL) / rivals)

    @property
    def winner(self) -> str:
        """The arm that is surely better than every other one; empty when none is."""
        best, others = self.best, [key for key in self.arms if key != self.best]
        return best if others and all(self.against(key).interval[0] > 0 for key in others) else ""
