"""One look over all leads and all known outcomes: what each rule does, and what would do better."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from leads.models import Lead
from scoring import engine, facts
from scoring.batch import Facts, score_many
from scoring.compiler import CompiledModel
from scoring.fit import NO_RULE, Column, fit_points
from scoring.health.counting import Counts, counted
from scoring.health.findings import DAYS
from scoring.health.flags import Flags, Ints, fired, held
from scoring.language import DAY, SECOND, Model
from scoring.snapshots import _then

CHUNK = 25_000  # leads looked at together
QUARTER = DAYS * DAY * SECOND
MOST_POINTS = 2_000  # totals above are counted there

Progress = Callable[[int], bool]  # leads done; False stops the run


class Stopped(Exception):
    """Nobody waits for the result any more."""


@dataclass(frozen=True)
class Looked:
    """`qualify` counts leads that qualify by points now; `totals` those with each number of points on the scorecard."""

    counts: Counts
    qualify: int
    totals: Ints


def look(model: Model, card: Model | None, now: int, progress: Progress) -> Looked:
    """Chunk by chunk over everybody. Raises Stopped when `progress` says so."""
    found = Looked(Counts.nothing(len(model.rules)), 0, np.zeros(MOST_POINTS + 1, np.int64))
    for ids in _chunks():
        part = _look(model, card, ids, now)
        found = Looked(found.counts + part.counts, found.qualify + part.qualify, found.totals + part.totals)
        if not progress(found.counts.leads):
            raise Stopped
    return found


def _chunks() -> Iterator[Ints]:
    last = 0
    people = Lead.objects.filter(merged_into=None).exclude(stage=Lead.Stage.DISQUALIFIED).order_by("pk")
    while True:
        ids = np.array(people.filter(pk__gt=last).values_list("pk", flat=True)[:CHUNK], np.int64)
        if not len(ids):
            return
        yield ids
        last = int(ids[-1])


def _look(model: Model, card: Model | None, ids: Ints, now: int) -> Looked:
    everything = facts.of_leads(ids)
    lately = acted(everything, now - QUARTER, now)
    before = acted(everything, now - 2 * QUARTER, now - QUARTER)
    compiled = shown(model, everything)
    active = few(everything, lately)
    at = np.full(len(active.starts), now, np.int64)
    columns = columns_of(ids[lately], model)
    today = held(compiled, active, columns, at)
    counts = counted(
        model,
        leads=len(ids),
        flags=today.flags,
        worth=today.worth,
        fired=fired(compiled, active, since=now - QUARTER, until=now),
        flags_then=_held_then(compiled, few(everything, before), ids[before], now - QUARTER),
    )
    result = score_many(compiled, active, fit_points(model, columns, len(at)), now, want_next=False)
    totals = np.zeros(MOST_POINTS + 1, np.int64)
    if card is not None:
        points = _totals(card, active, ids[lately], now)
        totals = np.bincount(np.clip(points, 0, MOST_POINTS), minlength=MOST_POINTS + 1)
    passes = (result.total >= model.threshold) & (result.fit >= model.fit_floor)
    return Looked(counts, int((passes & (result.disqualified == NO_RULE)).sum()), totals)


def _held_then(compiled: CompiledModel, did: Facts, ids: Ints, at: int) -> Flags:
    instants = np.full(len(ids), at, np.int64)
    fields = engine.fields_read(compiled.model)
    columns = _then(ids, instants, fields)[0] if len(ids) else {}
    return held(compiled, did, columns, instants).flags


def _totals(card: Model, did: Facts, ids: Ints, now: int) -> Ints:
    fit = fit_points(card, columns_of(ids, card), len(ids))
    return score_many(shown(card, did), did, fit, now, want_next=False).total


def columns_of(ids: Ints, model: Model) -> dict[str, Column]:
    return engine.fields_of(ids.tolist(), model) if len(ids) else {}


def shown(model: Model, did: Facts) -> CompiledModel:
    """Compiled, and shown every shape of these facts."""
    compiled = engine.compiled_for(model)
    unseen = compiled.missing(np.flatnonzero(np.bincount(did.shape)).tolist())
    if unseen:
        compiled.extend(facts.shapes(unseen))
    return compiled


def acted(did: Facts, since: int, until: int) -> np.ndarray:
    """Who did anything in (since, until]."""
    counts = np.concatenate([[0], np.cumsum((did.at > since) & (did.at <= until))])
    active: np.ndarray = counts[did.stops] > counts[did.starts]
    return active


def few(did: Facts, which: np.ndarray) -> Facts:
    return Facts(did.at, did.shape, did.seconds, did.starts[which], did.stops[which], did.amount)
