"""Whose outcomes are measured: decided cycles, or results from files. Pure.

The two were looked at in different instants and end well at different rates, so both together would measure which of
the two a lead belongs to. Each outcome is measured on one of them alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

from scoring.shares import Share

CYCLES, FILES = "cycles", "files"
LEAST, LEAST_RARER = 200, 40  # decided leads, and those of the rarer outcome: enough to learn from


@dataclass(frozen=True)
class Basis:
    """Which of the two, and for each how many ended well of those decided."""

    chosen: str = CYCLES
    cycles: Share = field(default_factory=lambda: Share(0, 0))
    files: Share = field(default_factory=lambda: Share(0, 0))

    @classmethod
    def of(cls, cycles: Share, files: Share) -> Self:
        """Cycles while there are enough, and otherwise the larger of the two."""
        alone = not enough(cycles) and files.whole > cycles.whole
        return cls(FILES if alone else CYCLES, cycles, files)

    @property
    def from_files(self) -> bool:
        return self.chosen == FILES

    @property
    def share(self) -> Share:
        return self.files if self.from_files else self.cycles

    def to_data(self) -> dict[str, Any]:
        shares = {CYCLES: self.cycles, FILES: self.files}
        return {"chosen": self.chosen} | {name: [each.part, each.whole] for name, each in shares.items()}

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Self:
        return cls(data["chosen"], Share(*data[CYCLES]), Share(*data[FILES]))


def rarer(share: Share) -> int:
    return min(share.part, share.whole - share.part)


def enough(share: Share) -> bool:
    return share.whole >= LEAST and rarer(share) >= LEAST_RARER
