"""A column as a handful of groups of leads: quantiles of a number, the frequent values of a choice. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from scoring.prediction.columns import Column, least

BINS = 10  # of a number
MOST_LEVELS = 40  # of a choice


@dataclass(frozen=True)
class Binning:
    """How one column falls into groups. The last group is "not known"; of a choice, the last but one is "other".

    A number falls into group i when `edges[i-1] < number <= edges[i]`.
    """

    key: str
    label: str
    kind: str
    group: str
    edges: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        return (len(self.edges) + 2) if self.kind == "number" else (len(self.levels) + 2)

    def places(self, column: Column) -> np.ndarray:
        """The group of each value."""
        found = self._numbers(column.values) if self.kind == "number" else self._choices(column)
        return np.where(column.known, found, self.size - 1)

    def _numbers(self, values: np.ndarray) -> np.ndarray:
        return np.searchsorted(np.array(self.edges), values, side="left")

    def _choices(self, column: Column) -> np.ndarray:
        place = {level: i for i, level in enumerate(self.levels)}
        here = np.array([place.get(name, self.size - 2) for name in (*column.names, "")], dtype=np.int64)
        return here[column.values]

    def words(self) -> list[str]:
        """Each group in words that follow the column's label."""
        named = self._number_words() if self.kind == "number" else [*self.levels, "another value"]
        return [*named, "not known"]

    def _number_words(self) -> list[str]:
        if not self.edges:
            return ["known"]
        if self.group == "behaviour":
            return self._count_words()
        marks = [plain(edge) for edge in self.edges]
        between = [f"over {low} up to {high}" for low, high in pairwise(marks)]
        return [f"up to {marks[0]}", *between, f"over {marks[-1]}"]

    def _count_words(self) -> list[str]:
        """Of whole numbers from 0 on."""
        tops = [int(edge) for edge in self.edges]
        spans = [(low + 1, high) for low, high in pairwise([-1, *tops])]
        words = ["none" if high == 0 else _span(low, high) for low, high in spans]
        return [*words, f"{tops[-1] + 1:,} or more"]


def _span(low: int, high: int) -> str:
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def plain(number: float) -> str:
    return f"{number:,.0f}" if number == int(number) else f"{number:,.4g}"


def binning_of(column: Column) -> Binning:
    made = _edges(column) if column.kind == "number" else _levels(column)
    return Binning(column.key, column.label, column.kind, column.group, **made)


def _edges(column: Column) -> dict[str, Any]:
    """Bounds at quantiles that are values themselves, each group with enough leads."""
    known = np.sort(column.values[column.known])
    enough = least(len(column.values))
    wanted = known[(np.arange(1, BINS) * len(known)) // BINS] if len(known) else known
    edges: list[float] = []
    below = 0
    for edge in np.unique(wanted):
        upto = int(np.searchsorted(known, edge, side="right"))
        if upto - below >= enough and len(known) - upto >= enough:
            edges.append(float(edge))
            below = upto
    return {"edges": tuple(edges)}


def _levels(column: Column) -> dict[str, Any]:
    counts = np.bincount(column.values[column.known], minlength=len(column.names))
    enough = least(len(column.values))
    frequent = sorted(zip(column.names, counts.tolist(), strict=True), key=lambda item: (-item[1], item[0]))
    return {"levels": tuple(level for level, count in frequent[:MOST_LEVELS] if count >= enough)}
