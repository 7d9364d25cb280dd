"""What is known of each lead, column by column, and which columns say anything usable. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

LEAST_LEADS = 20  # a group of fewer leads says little about the next one
LEAST_SHARE = 0.005
FREE_TEXT = 0.5  # of the known values are found once only
NUMBERS_AN_ID = 0.98
CODE_NAMES = re.compile(r"\b(id|uuid|guid|key|code|number|no|nr|ref|reference)$", re.IGNORECASE)


@dataclass(frozen=True)
class Column:
    """`kind`: number (floats, NaN is not known), or choice (places in `names`, -1 is not known)."""

    key: str
    label: str
    kind: str
    values: np.ndarray
    names: tuple[str, ...] = ()
    group: str = "field"

    @property
    def known(self) -> np.ndarray:
        return ~np.isnan(self.values) if self.kind == "number" else self.values >= 0

    def take(self, rows: np.ndarray) -> Column:
        return replace(self, values=self.values[rows])


def numbers(key: str, label: str, values: Iterable[float | None], group: str = "field") -> Column:
    found = np.array([np.nan if value is None else value for value in values], dtype=float)
    return Column(key, label, "number", found, (), group)


def choices(key: str, label: str, values: Sequence[str | None], group: str = "field") -> Column:
    names = tuple(sorted({value for value in values if value is not None}))
    place: dict[str | None, int] = {None: -1} | {name: i for i, name in enumerate(names)}
    found = np.fromiter((place[value] for value in values), dtype=np.int64, count=len(values))
    return Column(key, label, "choice", found, names, group)


@dataclass(frozen=True)
class Table:
    """Columns of equal length; row i of each is lead `ids[i]`."""

    ids: Sequence[int]
    columns: Mapping[str, Column]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class LeftOut:
    key: str
    label: str
    reason: str


def least(rows: int) -> int:
    """How many leads a group needs, of `rows`."""
    return max(LEAST_LEADS, round(LEAST_SHARE * rows))


def usable(table: Table, excluded: Collection[str] = ()) -> tuple[list[Column], list[LeftOut]]:
    """The columns to learn from, and for each of the others the reason in words."""
    used: list[Column] = []
    out: list[LeftOut] = []
    seen: dict[bytes, str] = {}
    for column in table.columns.values():
        twin = seen.get(column.values.tobytes())
        reason = "Left out by a colleague." if column.key in excluded else why_not(column)
        if not reason and twin:
            reason = f"Always the same as “{twin}”."
        if reason:
            out.append(LeftOut(column.key, column.label, reason))
        else:
            used.append(column)
            seen[column.values.tobytes()] = column.label
    return used, out


def why_not(column: Column) -> str:
    """Why nothing can be learnt from this column; empty when it can."""
    known = column.values[column.known]
    rows = len(column.values)
    enough = least(rows)
    if len(known) < enough:
        return f"Known for {len(known):,} of {rows:,} leads; {enough} are needed."
    counts = np.unique(known, return_counts=True)[1]
    reason = _as_code(column, known, counts) if column.kind == "number" else _as_text(counts, enough)
    return reason or _constant(counts, rows - len(known), rows, enough)


def _as_code(column: Column, known: np.ndarray, counts: np.ndarray) -> str:
    """A whole number that nearly everybody has for themselves, and that is called or counts up like a code."""
    alone = len(counts) / len(known) >= NUMBERS_AN_ID and bool((known == np.floor(known)).all())
    steps = np.diff(known)
    counts_up = bool((steps > 0).all() or (steps < 0).all())
    if alone and (counts_up or CODE_NAMES.search(column.label.strip())):
        return "A code that nearly every lead has for itself."
    return ""


def _as_text(counts: np.ndarray, enough: int) -> str:
    if (counts == 1).sum() >= FREE_TEXT * counts.sum():
        return "Free text or a code: most values are found once only."
    return "" if counts.max() >= enough else f"No value is shared by {enough} leads."


def _constant(counts: np.ndarray, unknown: int, rows: int, enough: int) -> str:
    return "The same for nearly every lead." if rows - max(counts.max(), unknown) < enough else ""
