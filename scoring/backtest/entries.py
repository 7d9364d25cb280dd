"""Who would have become MQL and when, for any number of leads: arrays in, arrays out, no database and no clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring import rules
from scoring.batch import Facts, UnseenShapes, _input
from scoring.compiler import NEVER, CompiledModel
from scoring.fit import Answers, Column, FitPoints, fit_points
from scoring.language import Model

SPREAD = 40  # points below and above the line for which heights are kept
ROOM = 1 << 12  # heights and moves a walk may note before they are taken away

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Eras:
    """Fields as they were: lead i owns rows [starts[i], stops[i]) of `since` and of `columns`, oldest first."""

    since: Ints
    starts: Ints
    stops: Ints
    columns: Mapping[str, Sequence[Any] | Column]


@dataclass(frozen=True)
class Heights:
    """`lead[i]` first had more than `before[i]` points, up to `total[i]`, at `at[i]`, with the fit it takes."""

    lead: Ints
    at: Ints
    before: Ints
    total: Ints


@dataclass(frozen=True)
class Moves:
    """Into MQL (`into`) and out of it, in the order of leads and time. `rule` is a row of the model, -1 for none."""

    lead: Ints
    at: Ints
    into: NDArray[np.bool_]
    total: Ints
    fit: Ints
    rule: Ints


@dataclass(frozen=True)
class Entries:
    """Leads are rows 0..leads-1; instants in microseconds, NEVER for what did not happen.

    `first_at` is the first entry under the model's own line, `critical_at` the first critical signal.
    """

    leads: int
    lowest: int
    highest: int
    heights: Heights
    moves: Moves
    critical_at: Ints
    first_at: Ints


def bounds(model: Model, spread: int = SPREAD) -> tuple[int, int]:
    """The lines for which a backtest answers."""
    return min(max(model.threshold - spread, 1), model.threshold), model.threshold + spread


def may_leave_out(compiled: CompiledModel) -> Ints:
    """Shapes whose facts change no entry: no rule counts them. Unless somebody of whom nothing is known stands above
    the lowest line, and so from the first thing they do, whatever it is.
    """
    blank = rules.score(compiled.model, {}, [], {}, 0)
    stands = blank.fit >= compiled.model.fit_floor and blank.total >= bounds(compiled.model)[0]
    return np.zeros(0, np.int64) if stands or blank.critical else compiled.idle_shapes(-NEVER)


def entries(
    compiled: CompiledModel,
    facts: Facts,
    eras: Eras,
    *,
    until: int,
    barred_at: Ints | None = None,
    spread: int = SPREAD,
    answers: Answers | None = None,
) -> Entries:
    """Facts sorted within each lead. Nothing after `until` is read, and no instant depends on a later one.
    `answers` as in `fit_points`.

    Raises UnseenShapes, and ValueError for facts out of order or amounts left out though a rule reads them.
    """
    if facts.amount is None and compiled.reads_amounts:
        raise ValueError("A rule compares amounts, so the facts must bring theirs.")
    lowest, highest = bounds(compiled.model, spread)
    known = _fit(compiled.model, eras, answers)
    heights, moves, critical_at = _walk(compiled, facts, eras, known, until, barred_at, (lowest, highest))
    into = moves[:, 2] == 1
    first_at = np.full(len(facts.starts), NEVER, np.int64)
    np.minimum.at(first_at, moves[into, 0], moves[into, 1])
    return Entries(
        leads=len(facts.starts),
        lowest=lowest,
        highest=highest,
        heights=Heights(*heights.T),
        moves=Moves(moves[:, 0], moves[:, 1], into, *moves[:, 3:].T),
        critical_at=critical_at,
        first_at=first_at,
    )


def _walk(
    compiled: CompiledModel,
    facts: Facts,
    eras: Eras,
    known: FitPoints,
    until: int,
    barred_at: Ints | None,
    reach: tuple[int, int],
) -> tuple[Ints, Ints, Ints]:
    from scoring import kernel  # late: loading numba takes a second and 100 MB
    from scoring.backtest import walk as walking
    from scoring.backtest.course import CRAMPED, new_notebook

    model, leads = compiled.model, len(facts.starts)
    arrays = _fact_arrays(kernel, facts)
    barred = np.full(leads, NEVER, np.int64) if barred_at is None else barred_at
    spans = (facts.starts, facts.stops, eras.starts + 1, eras.stops + 1, barred)
    rows, epochs = walking.Leads(*(_input(span, np.int64) for span in spans)), _epochs(walking, eras, known)
    line = walking.Line(model.threshold, model.fit_floor, model.margin, *reach, until)
    note, room, at = new_notebook(compiled.snapshot, _room(facts)), ROOM, 0
    critical_at = np.full(leads, NEVER, np.int64)
    found = [_empty_lists(walking, 0, critical_at)[:2]]
    while at < leads:
        lists, begun = _empty_lists(walking, room, critical_at), at
        at, why = walking.walk(arrays, compiled.snapshot, epochs, rows, line, lists, at, leads, note)
        heights, moves = note.mind[walking.HEIGHTS], note.mind[walking.MOVES]
        found.append((lists.heights[:heights], lists.moves[:moves]))
        if why == CRAMPED:
            note = new_notebook(compiled.snapshot, 4 * len(note.at))
        elif why == walking.FULL:
            room *= 4 if at == begun else 1
        elif why:
            _refuse(compiled, facts, at, unseen=why == kernel.UNSEEN_SHAPE)
    joined = [np.concatenate(parts) for parts in zip(*found, strict=True)]
    return joined[0], joined[1], critical_at


def _fact_arrays(kernel: Any, facts: Facts) -> Any:
    amount: Any = [] if facts.amount is None else facts.amount
    kinds = ((facts.at, np.int64), (facts.shape, np.int32), (facts.seconds, np.int32), (amount, np.int64))
    return kernel.FactArrays(*(_input(values, kind) for values, kind in kinds))


def _fit(model: Model, eras: Eras, answers: Answers | None) -> FitPoints:
    """Row 0 is a lead of whom nothing is known."""
    blank, known = fit_points(model, {}, 1), fit_points(model, eras.columns, len(eras.since), answers)
    parts = (
        np.concatenate([getattr(blank, field.name), getattr(known, field.name)]) for field in fields(known)
    )
    return FitPoints(*parts)


def _epochs(walking: Any, eras: Eras, known: FitPoints) -> Any:
    return walking.Epochs(
        since=_input(np.concatenate([[-NEVER], eras.since]), np.int64),
        base=_input(known.base, np.int64),
        critical=_input(known.critical, np.int32),
        disqualified=_input(known.disqualified, np.int32),
    )


def _empty_lists(walking: Any, room: int, critical_at: Ints) -> Any:
    return walking.Lists(np.empty((room, 4), np.int64), np.empty((room, 6), np.int64), critical_at)


def _room(facts: Facts) -> int:
    """For the occurrences of one lead; most rules concern few shapes, and a lead that needs more gets more."""
    return 64 + 4 * int((facts.stops - facts.starts).max(initial=0))


def _refuse(compiled: CompiledModel, facts: Facts, lead: int, *, unseen: bool) -> None:
    if unseen:
        raise UnseenShapes(compiled.missing(np.unique(facts.shape).tolist()))
    raise ValueError(f"The facts of row {lead} are not sorted by instant.")
