"""Scores for many rows in one call: a micro-batch after ingest, all leads, or one history at many instants.

Numba is loaded on the first call, not on import.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from scoring.compiler import NEVER, CompiledModel
from scoring.fit import NO_RULE, FitPoints, fit_points
from scoring.language import Fact, Model
from scoring.rules import once

if TYPE_CHECKING:
    from scoring import kernel

BAND_NAMES = np.array([letter + digit for letter in "ABCD" for digit in "1234"])
ALONE = 100_000  # facts below which a second thread costs more than it brings

__all__ = [
    "NEVER",
    "NO_RULE",
    "Facts",
    "Scores",
    "UnseenShapes",
    "gather",
    "holds_many",
    "score_many",
    "warm",
]


class UnseenShapes(Exception):
    """Facts point to shapes the compiled model was never shown: `extend` it with `shape_ids` and score again."""

    def __init__(self, shape_ids: list[int]) -> None:
        super().__init__(f"{len(shape_ids)} shapes are not compiled yet, the first is {shape_ids[0]}.")
        self.shape_ids = shape_ids


@dataclass(frozen=True)
class Facts:
    """Facts sorted by (lead, instant); row i owns [starts[i], stops[i]). `amount` may stay out if no rule reads it."""

    at: NDArray[np.int64]
    shape: NDArray[np.int32]
    seconds: NDArray[np.int32]
    starts: NDArray[np.int64]
    stops: NDArray[np.int64]
    amount: NDArray[np.int64] | None = None


@dataclass(frozen=True)
class Scores:
    """One entry a row. `band` indexes BAND_NAMES; `critical` and `disqualified` are rows of `model.rules` or NO_RULE;
    `groups` are clamped sums in parts of a point; `next_change_at` is in microseconds, NEVER for none.
    """

    total: NDArray[np.int64]
    fit: NDArray[np.int64]
    engagement: NDArray[np.int64]
    band: NDArray[np.uint8]
    qualifies: NDArray[np.bool_]
    critical: NDArray[np.int32]
    disqualified: NDArray[np.int32]
    fit_low: NDArray[np.int64]
    fit_high: NDArray[np.int64]
    groups: NDArray[np.int64]
    next_change_at: NDArray[np.int64]

    @property
    def band_names(self) -> NDArray[np.str_]:
        return BAND_NAMES[self.band]


def gather(histories: Iterable[Iterable[Fact]]) -> Facts:
    """Facts of one lead after the other; sorts them and drops repeated ids."""
    sorted_histories = [sorted(once(facts), key=lambda fact: fact.occurred_at) for facts in histories]
    facts = [fact for history in sorted_histories for fact in history]
    bounds = np.cumsum([0, *map(len, sorted_histories)], dtype=np.int64)
    return Facts(
        at=np.array([fact.occurred_at for fact in facts], np.int64),
        shape=np.array([fact.shape_id for fact in facts], np.int32),
        seconds=np.array([fact.lasted for fact in facts], np.int32),
        amount=np.array([fact.amount for fact in facts], np.int64),
        starts=bounds[:-1],
        stops=bounds[1:],
    )


def score_many(
    compiled: CompiledModel,
    facts: Facts,
    fit: FitPoints,
    as_of: int | NDArray[np.int64],
    *,
    want_next: bool = True,
    threads: int | None = None,
) -> Scores:
    """`as_of` is one instant or one per row. Without `want_next` every `next_change_at` is NEVER (a backtest).

    Raises UnseenShapes, and ValueError for facts out of order or amounts left out though a rule reads them.
    """
    if facts.amount is None and compiled.reads_amounts:
        raise ValueError("A rule compares amounts, so the facts must bring theirs.")
    rows = len(facts.starts)
    out = _run(compiled, facts, fit, np.broadcast_to(np.asarray(as_of, np.int64), rows), want_next, threads)
    _raise_faults(compiled, facts, out.fault)
    return _scores(compiled.model, fit, out)


def _run(
    compiled: CompiledModel, facts: Facts, fit: FitPoints, as_of: Any, want_next: bool, threads: int | None
) -> Any:
    from scoring import kernel  # late: loading numba takes a second and 100 MB

    model = compiled.snapshot
    arrays = kernel.FactArrays(
        _input(facts.at, np.int64),
        _input(facts.shape, np.int32),
        _input(facts.seconds, np.int32),
        _input([] if facts.amount is None else facts.amount, np.int64),
    )
    rows = kernel.Rows(
        _input(facts.starts, np.int64),
        _input(facts.stops, np.int64),
        _input(as_of, np.int64),
        _input(fit.base, np.int64),
        _input(fit.critical, np.int32),
        _input(fit.disqualified, np.int32),
    )
    out = _empty(kernel, len(rows.start), len(model.groups))

    def score(first: int, last: int) -> None:
        kernel.score_rows(arrays, model, rows, out, first, last, kernel.new_scratch(model), want_next)

    _spread(score, facts, threads)
    return out


def _input(values: Any, dtype: type) -> Any:
    """Read-only, because numba compiles once more for writable arrays, and bytes from a socket never are."""
    view: NDArray[Any] = np.ascontiguousarray(values, dtype).view()
    view.flags.writeable = False
    return view


def _empty(kernel: Any, rows: int, groups: int) -> kernel.Out:
    return kernel.Out(
        total=np.zeros(rows, np.int64),
        fit=np.zeros(rows, np.int64),
        groups=np.zeros((rows, groups), np.int64),
        critical=np.full(rows, NO_RULE, np.int32),
        disqualified=np.full(rows, NO_RULE, np.int32),
        next_change_at=np.full(rows, NEVER, np.int64),
        fault=np.zeros(rows, np.int8),
    )


def _spread(score: Any, facts: Facts, threads: int | None) -> None:
    work = np.cumsum(facts.stops - facts.starts + 1)  # a row without facts is some work too
    threads = threads or len(os.sched_getaffinity(0))
    if threads == 1 or not len(work) or work[-1] < ALONE:
        score(0, len(work))
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda part: score(*part), _parts(work, threads * 4)))


def _parts(work: NDArray[np.int64], parts: int) -> Iterator[tuple[int, int]]:
    """Ranges of rows with about the same work each."""
    cuts = np.searchsorted(work, work[-1] * np.arange(1, parts) // parts).tolist()
    yield from zip([0, *cuts], [*cuts, len(work)], strict=True)


def _raise_faults(compiled: CompiledModel, facts: Facts, fault: NDArray[np.int8]) -> None:
    faulty = np.flatnonzero(fault)
    if not len(faulty):
        return
    spans = zip(facts.starts[faulty].tolist(), facts.stops[faulty].tolist(), strict=True)
    used = {int(shape) for start, stop in spans for shape in np.unique(facts.shape[start:stop])}
    unseen = compiled.missing(used)
    if unseen:
        raise UnseenShapes(unseen)
    raise ValueError(f"The facts of row {faulty[0]} are not sorted by instant.")


def _scores(model: Model, fit: FitPoints, out: kernel.Out) -> Scores:
    engagement = out.total - out.fit
    passes = (out.total >= model.threshold) & (out.fit >= model.fit_floor)
    return Scores(
        total=out.total,
        fit=out.fit,
        engagement=engagement,
        band=4 * _below(model.fit_cuts, out.fit) + _below(model.engagement_cuts, engagement),
        qualifies=(out.disqualified == NO_RULE) & (passes | (out.critical != NO_RULE)),
        critical=out.critical,
        disqualified=out.disqualified,
        fit_low=fit.low,
        fit_high=fit.high,
        groups=out.groups,
        next_change_at=out.next_change_at,
    )


def _below(cuts: Sequence[int], points: NDArray[np.int64]) -> NDArray[np.uint8]:
    return (points[:, None] < np.array(cuts)).sum(axis=1).astype(np.uint8)


def warm() -> None:
    """Compiles the kernel, or loads it from its cache, before there is work to wait for it."""
    model = Model(0, 0, 0, 0, (3, 2, 1), (3, 2, 1), (), ())
    for want_next in (True, False):
        score_many(CompiledModel(model), gather([[]]), fit_points(model, {}, 1), 0, want_next=want_next)


def holds_many(scores: Scores, was_qualified: NDArray[np.bool_], model: Model) -> NDArray[np.bool_]:
    """`rules.holds` for every row: once in, a lead leaves only below the margin."""
    stays = (scores.total >= model.threshold - model.margin) & (scores.fit >= model.fit_floor)
    return scores.qualifies | (was_qualified & stays & (scores.disqualified == NO_RULE))
