"""What leads did up to an instant of each, as counts for the predictive score.

A column is named by what it counts: `did:page_view`, `did:page_view|path=/pricing`, `did30:page_view` (in the last 30
days), `seconds:engaged_time`, `quiet` (days since the last activity). What machines, colleagues and we ourselves did
does not count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from leads.kinds import KINDS, describe
from scoring import facts
from scoring.batch import Facts
from scoring.language import Shape
from scoring.prediction.columns import Column

RECENT = 30  # days
DAY = 86_400_000_000  # microseconds
DETAILS = ("topic", "path", "asset", "form", "webinar")  # the first of these that a shape has
MOST_DETAILS = 40
LASTED = "engaged_time"  # comes with each page view, so its seconds count and not how often
OURS = frozenset(
    {"email_sent", "email_delivered"} | {key for key, kind in KINDS.items() if kind.channel == "sales"}
)
QUIET = "quiet"


@dataclass(frozen=True)
class Deed:
    """One column: occurrences (or their seconds) of a kind, perhaps of one topic, perhaps lately."""

    key: str
    measure: str
    kind: str
    name: str = ""
    value: str = ""

    @classmethod
    def read(cls, key: str) -> Deed:
        measure, _, rest = key.partition(":")
        kind, _, detail = rest.partition("|")
        name, _, value = detail.partition("=")
        return cls(key, measure, kind, name, value)

    @property
    def label(self) -> str:
        if self.key == QUIET:
            return "Days since the last activity"
        base = describe(self.kind).label + (f": {self.value}" if self.value else "")
        return base + {"did30": f" in the last {RECENT} days", "seconds": ", seconds in all"}.get(
            self.measure, ""
        )

    def matches(self, shape: Shape) -> bool:
        if shape.kind != self.kind and self.key != QUIET:
            return False
        return not self.name or shape.props.get(self.name) == self.value


def counted(shapes: Mapping[int, Shape]) -> dict[int, Shape]:
    return {pk: shape for pk, shape in shapes.items() if not shape.machine and shape.kind not in OURS}


def worth_counting(table: Facts, shapes: Mapping[int, Shape], *, lately: bool) -> list[str]:
    """The columns for these facts: every kind, the most frequent topics, pages and forms."""
    kinds: Counter[str] = Counter()
    details: Counter[str] = Counter()
    for pk, count in zip(*np.unique(table.shape, return_counts=True), strict=True):
        shape = shapes.get(int(pk))
        if shape is not None and shape.kind != LASTED:
            kinds[shape.kind] += int(count)
            details.update({key: int(count) for key in _detail(shape)})
    common = [key for key, _ in sorted(details.items(), key=lambda item: (-item[1], item[0]))[:MOST_DETAILS]]
    recent = [f"did30:{kind}" for kind in sorted(kinds)] + [QUIET] if lately and kinds else []
    return [*(f"did:{kind}" for kind in sorted(kinds)), f"seconds:{LASTED}", *recent, *common]


def _detail(shape: Shape) -> list[str]:
    name = next((name for name in DETAILS if shape.props.get(name)), None)
    return [f"did:{shape.kind}|{name}={shape.props[name][:100]}"] if name else []


def columns(
    table: Facts, shapes: Mapping[int, Shape], instants: np.ndarray, keys: Iterable[str]
) -> dict[str, Column]:
    """`instants`: one a row of the table; nothing after it counts."""
    counts = table.stops - table.starts
    rows = np.repeat(np.arange(len(instants)), counts)
    first = np.repeat(table.starts - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts)
    places = np.arange(len(rows)) + first
    at, shape, seconds = table.at[places], table.shape[places], table.seconds[places]
    ages = instants[rows] - at
    past = Past(rows, shape, seconds, ages, len(instants))
    return {key: _column(Deed.read(key), past, shapes) for key in keys}


@dataclass(frozen=True)
class Past:
    rows: np.ndarray
    shape: np.ndarray
    seconds: np.ndarray
    ages: np.ndarray  # microseconds before the instant of the row; negative afterwards
    leads: int


def _column(deed: Deed, past: Past, shapes: Mapping[int, Shape]) -> Column:
    members = np.array([pk for pk, shape in shapes.items() if deed.matches(shape)], dtype=past.shape.dtype)
    mine = np.isin(past.shape, members) & (past.ages >= 0)
    if deed.measure == "did30":
        mine &= past.ages < RECENT * DAY
    values = _quiet(past, mine) if deed.key == QUIET else _sums(deed, past, mine)
    return Column(deed.key, deed.label, "number", values, (), "behaviour")


def _sums(deed: Deed, past: Past, mine: np.ndarray) -> np.ndarray:
    weights = past.seconds[mine].astype(float) if deed.measure == "seconds" else None
    return np.bincount(past.rows[mine], weights=weights, minlength=past.leads).astype(float)


def _quiet(past: Past, mine: np.ndarray) -> np.ndarray:
    least = np.full(past.leads, np.inf)
    np.minimum.at(least, past.rows[mine], past.ages[mine] / DAY)
    return np.where(np.isinf(least), np.nan, np.floor(least))


def read(ids: np.ndarray) -> tuple[Facts, dict[int, Shape]]:
    """Facts of these leads (ascending ids), and the shapes of them that count."""
    table = facts.of_leads(ids, amounts=False)
    return table, counted(facts.shapes(np.unique(table.shape).tolist()))


def keys_of(keys: Sequence[str]) -> list[str]:
    """Those of a model's columns that count deeds."""
    return [key for key in keys if key == QUIET or key.startswith(("did:", "did30:", "seconds:"))]
