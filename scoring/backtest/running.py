"""One draft over all history, chunk by chunk: what it would have done, beside another definition."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial, reduce

import numpy as np
from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string

from leads.arrays import people
from leads.models import Lead
from scoring import facts
from scoring.backtest.entries import Entries, Eras, Ints, entries, may_leave_out
from scoring.backtest.judging import (
    Curve,
    Outcomes,
    Sides,
    Span,
    Sums,
    by_name,
    counts_of,
    curve_of,
    judge,
    weeks_of,
)
from scoring.backtest.lateness import ahead
from scoring.backtest.reading import Chunk, read
from scoring.batch import BAND_NAMES, gather
from scoring.compiler import NEVER, CompiledModel
from scoring.engine import compiled_for, fields_read
from scoring.fit import Answers
from scoring.language import Model

CHUNK = 25_000  # leads looked at together; a cancelled run ends within two of them
WORKERS = 2  # one waits for the server while the other computes
MOST_MOVES = 2_000  # of each kind are kept by name; all are counted

Progress = Callable[[int, int], bool]  # (leads done, leads in all); False stops the run


class Stopped(Exception):
    """Nobody waits for the result any more."""


@dataclass(frozen=True)
class Side(Sums):
    """One definition: its curve; under its own line first entries by source, segment and band, later ones by week."""

    curve: Curve
    sources: dict[str, Ints]
    segments: dict[str, Ints]
    bands: dict[str, Ints]
    again: dict[int, int]


@dataclass(frozen=True)
class Moves(Sums):
    """Who is MQL under one definition only: how many, how many reached the outcome, (instant, lead, reached)."""

    count: int
    reached: int
    rows: list[tuple[int, int, bool]]

    def newest(self) -> Moves:
        return Moves(self.count, self.reached, sorted(self.rows, reverse=True)[:MOST_MOVES])


@dataclass(frozen=True)
class Part(Sums):
    """What one chunk adds. `base` is (leads old enough to judge, those who reached the outcome), of everybody; `ahead`
    is (leads that enter before something counted had arrived, leads that enter).
    """

    leads: int
    unrecorded: int
    undated: int
    reached: int
    base: Ints
    ahead: Ints
    sides: tuple[Side, ...]
    compared: tuple[Sides, Moves, Moves] | tuple[()]


def run(
    models: tuple[Model, ...], span: Span, outcome: str, progress: Progress, *, chunk: int = CHUNK
) -> Part:
    """The first model, and beside it the second if there is one. Raises Stopped when `progress` says so."""
    compiled = tuple(_compiled(model) for model in models)
    total, done, found = Lead.objects.filter(merged_into=None).count(), 0, []
    if not progress(0, total):
        raise Stopped
    for part in _parts(partial(_look, compiled, span, outcome), chunk):
        done += part.leads
        found.append(part)
        if not progress(done, total):
            raise Stopped
    return reduce(lambda one, other: one + other, found) if found else _nothing(compiled, span)


def _compiled(model: Model) -> CompiledModel:
    """With every shape there is, so that the server need not send what no rule counts."""
    compiled = compiled_for(model)
    compiled.extend(facts.shapes_after(compiled.last_shape))
    return compiled


def _parts(look: Callable[[Ints], Part], chunk: int) -> Iterator[Part]:
    """Workers have connections of their own, which see only what is committed: inside a transaction there is one."""
    if connection.in_atomic_block:
        yield from map(look, people(chunk))
        return
    with ThreadPoolExecutor(WORKERS) as pool:
        try:
            yield from pool.map(partial(_apart, look), list(people(chunk)))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _apart(look: Callable[[Ints], Part], ids: Ints) -> Part:
    try:
        return look(ids)
    finally:
        connection.close()


def _look(compiled: tuple[CompiledModel, ...], span: Span, outcome: str, ids: Ints) -> Part:
    known = read(
        ids,
        sorted({field for each in compiled for field in fields_read(each.model)}),
        outcome,
        span.until - span.maturity,
        amounts=any(each.reads_amounts for each in compiled),
        idle=lambda end: reduce(np.intersect1d, map(may_leave_out, compiled)),
    )
    return part_of(compiled, known, span)


def part_of(compiled: tuple[CompiledModel, ...], chunk: Chunk, span: Span) -> Part:
    answers: Answers = {}
    found = tuple(_entries(each, chunk, span.until, answers) for each in compiled)
    members = _members(chunk.ids, found)
    outcomes, reached = chunk.outcomes, chunk.outcomes.reached(span)
    ripe = (outcomes.born_at <= span.until - span.maturity) | (outcomes.final >= 0)
    return Part(
        leads=len(chunk.ids),
        unrecorded=chunk.unrecorded,
        undated=int((outcomes.final >= 0).sum()),
        reached=int(reached.sum()),
        base=np.array([ripe.sum(), (ripe & reached).sum()]),
        ahead=ahead(chunk.ids, [_in_period(own.first_at, span) for own in found]),
        sides=tuple(
            _side(each, own, chunk, span, members) for each, own in zip(compiled, found, strict=True)
        ),
        compared=_compared(found[0], found[1], chunk, span) if len(found) > 1 else (),
    )


def _entries(compiled: CompiledModel, chunk: Chunk, until: int, answers: Answers) -> Entries:
    unseen = compiled.missing(np.flatnonzero(np.bincount(chunk.facts.shape)).tolist())
    if unseen:
        compiled.extend(facts.shapes(unseen))
    return entries(compiled, chunk.facts, chunk.eras, until=until, barred_at=chunk.barred_at, answers=answers)


def _members(ids: Ints, found: tuple[Entries, ...]) -> dict[str, Ints]:
    """{segment: which rows of the chunk are in it today}, of those who enter under any definition."""
    rows = np.flatnonzero(np.logical_or.reduce([own.first_at < NEVER for own in found]))
    told = import_string(settings.SEGMENT_MEMBERS)(ids[rows].tolist()) if len(rows) else {}
    return {name: np.searchsorted(ids, sorted(members)) for name, members in told.items()}


def _side(
    compiled: CompiledModel, found: Entries, chunk: Chunk, span: Span, members: dict[str, Ints]
) -> Side:
    """`moves` come in the order of time, so the first into MQL of each lead is its first entry."""
    into = np.flatnonzero(found.moves.into)
    leads, first = np.unique(found.moves.lead[into], return_index=True)
    rows = into[first]
    seen = judge(leads, found.moves.at[rows], chunk.outcomes, span)
    bands = _bands(compiled.model, found.moves.total[rows], found.moves.fit[rows])
    later = np.delete(found.moves.at[into], first)
    weeks, counts = np.unique(
        weeks_of(later[(later >= span.since) & (later <= span.until)]), return_counts=True
    )
    return Side(
        curve_of(found, chunk.outcomes, span),
        by_name([chunk.sources[lead] for lead in leads.tolist()], seen),
        {name: counts_of(seen, np.isin(leads, rows)) for name, rows in members.items()},
        by_name(bands, seen),
        dict(zip(weeks.tolist(), counts.tolist(), strict=True)),
    )


def _bands(model: Model, total: Ints, fit: Ints) -> list[str]:
    letters, digits = (
        (points[:, None] < np.array(cuts)).sum(axis=1)
        for points, cuts in ((fit, model.fit_cuts), (total - fit, model.engagement_cuts))
    )
    return BAND_NAMES[4 * letters + digits].tolist()


def _compared(draft: Entries, against: Entries, chunk: Chunk, span: Span) -> tuple[Sides, Moves, Moves]:
    ours, theirs = (_in_period(found.first_at, span) for found in (draft, against))
    return (
        Sides.of(ours, theirs),
        _moves(ours, against.first_at, chunk, span),
        _moves(theirs, draft.first_at, chunk, span),
    )


def _in_period(at: Ints, span: Span) -> Ints:
    return np.where((at >= span.since) & (at <= span.until), at, NEVER)


def _moves(has_at: Ints, other_at: Ints, chunk: Chunk, span: Span) -> Moves:
    """Who has entered in the period here, and never there."""
    rows = np.flatnonzero((has_at < NEVER) & (other_at == NEVER))
    reached = chunk.outcomes.reached(span)[rows]
    listed = zip(has_at[rows].tolist(), chunk.ids[rows].tolist(), reached.tolist(), strict=True)
    return Moves(len(rows), int(reached.sum()), list(listed)).newest()


def _nothing(compiled: tuple[CompiledModel, ...], span: Span) -> Part:
    none = np.zeros(0, np.int64)
    outcomes = Outcomes(none, none, none.astype(np.int8))
    return part_of(compiled, Chunk(none, gather([]), Eras(none, none, none, {}), [], outcomes, none, 0), span)
