"""How many leads a rule gives points to, as it is typed: now, and ever.

Shapes    conditions are asked of the shapes of the rule's kind, so the server sends only facts that can count
Exact     while there are at most EXACT activities, or EXACT_LEADS for a rule about who a lead is: each is asked
Estimate  beyond: leads drawn at random, as many as BUDGET allows, and the range that holds in 19 of 20 draws
Ever      what a lead did is looked at from each of its instants, so a window counts wherever it was full
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from django.db import connection

from leads.arrays import EPOCH_2000, arrays
from leads.models import Lead
from scoring import engine, facts
from scoring.batch import NO_RULE, Facts, score_many
from scoring.compiler import CompiledModel
from scoring.fit import fit_points
from scoring.language import Rule, Shape
from scoring.rows import database_now
from scoring.shares import wilson
from scoring.single import alone, timeless

EXACT = 500_000  # activities; all of them are looked through within the budget
EXACT_LEADS = 25_000
DRAW = 2_000  # leads at a time
BUDGET = 0.3  # seconds of drawing; a sentence somebody types waits for it

COLUMNS = {"lead_id": ">i8", "occurred_at": ">i8", "shape_id": ">i4", "seconds": ">i4"}  # the covering index
AMOUNT = {"amount": ">i8"}
SIZES = """
SELECT (SELECT reltuples::bigint FROM pg_class WHERE oid = 'leads_lead'::regclass),
    (SELECT coalesce(sum(greatest(c.reltuples, c.relpages))::bigint, 0)
     FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'leads_activity'::regclass)
"""


@dataclass(frozen=True)
class Count:
    """`hits` of `asked` leads; `low` and `high` are what that means for all of them."""

    hits: int
    asked: int
    leads: int

    @property
    def exact(self) -> bool:
        return self.asked == self.leads

    @property
    def low(self) -> int:
        return self.hits if self.exact else math.floor(wilson(self.hits, self.asked)[0] * self.leads)

    @property
    def high(self) -> int:
        return self.hits if self.exact else math.ceil(wilson(self.hits, self.asked)[1] * self.leads)


@dataclass(frozen=True)
class Touched:
    """`ever` is None for a rule about who a lead is: what a field was before is not asked."""

    now: Count
    ever: Count | None


def touched(rule: Rule, *, exact_up_to: int = EXACT) -> Touched | None:
    """None while there are no leads."""
    leads, activities = _sizes()
    by_field = rule.subject == "fit"
    if leads > min(EXACT_LEADS, exact_up_to) if by_field else activities > exact_up_to:
        return _estimated(rule, leads)
    leads = Lead.objects.filter(merged_into=None).count()
    if not leads:
        return None
    now, ever = _by_field(rule, _everybody()) if by_field else _by_behaviour(rule, None)
    return _told(rule, now, ever, leads, leads)


def _told(rule: Rule, now: int, ever: int, asked: int, leads: int) -> Touched:
    counted = None if rule.subject == "fit" else Count(ever, asked, leads)
    return Touched(Count(now, asked, leads), counted)


def _estimated(rule: Rule, leads: int) -> Touched | None:
    asked, now, ever = 0, 0, 0
    for ids in _drawn():
        hits = _by_field(rule, ids) if rule.subject == "fit" else _by_behaviour(rule, ids)
        asked, now, ever = asked + len(ids), now + hits[0], ever + hits[1]
    return _told(rule, now, ever, asked, max(leads, asked)) if asked else None


def _sizes() -> tuple[int, int]:
    """Leads and activities as the server last counted them; counting a million takes longer than all the rest."""
    with connection.cursor() as cursor:
        cursor.execute(SIZES)
        return cursor.fetchone()


def _everybody() -> np.ndarray:
    people = Lead.objects.filter(merged_into=None).order_by("pk")
    return np.fromiter(people.values_list("pk", flat=True), np.int64)


def _drawn() -> Iterator[np.ndarray]:
    """Ids drawn evenly and without repetition, as long as there is time; those nobody has are nobody."""
    until = time.monotonic() + BUDGET
    last = Lead.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    order = np.random.default_rng().permutation(last) + 1
    for at in range(0, last, DRAW):
        people = Lead.objects.filter(pk__in=order[at : at + DRAW].tolist(), merged_into=None)
        ids = np.sort(np.fromiter(people.values_list("pk", flat=True), np.int64))
        if len(ids):
            yield ids
        if time.monotonic() > until:
            return


def _by_field(rule: Rule, ids: np.ndarray) -> tuple[int, int]:
    model = alone(rule)
    fit = fit_points(model, engine.fields_of(ids.tolist(), model), len(ids))
    decided = (fit.critical != NO_RULE) | (fit.disqualified != NO_RULE)
    hits = int(((fit.base != 0).any(axis=1) | decided).sum())
    return hits, hits


def _by_behaviour(rule: Rule, ids: np.ndarray | None) -> tuple[int, int]:
    """How many get something now, and ever: of these leads, or of all."""
    shapes = facts.shapes_of_kind(rule.activity)  # no other can count
    compiled = _compiled(rule, shapes)
    spans = compiled.snapshot.spans
    counting = [pk for pk in shapes if spans[pk, 0] < spans[pk, 1]]
    if not counting:
        return 0, 0
    table = _facts(counting, ids, amounts=compiled.reads_amounts)
    as_of = facts.microseconds(database_now())
    now = _gets(compiled, table, as_of)
    ever = _ever(rule, {pk: shapes[pk] for pk in counting}, table, as_of)
    return int(now.sum()), int((now | ever).sum())


def _compiled(rule: Rule, shapes: dict[int, Shape]) -> CompiledModel:
    compiled = CompiledModel(alone(rule))
    compiled.extend(shapes)
    return compiled


def _facts(shapes: list[int], ids: np.ndarray | None, *, amounts: bool) -> Facts:
    """One row for each lead that has such a fact."""
    among = "" if ids is None else " AND lead_id = ANY(%s)"
    params: list[Any] = [shapes] if ids is None else [shapes, ids.tolist()]
    columns = COLUMNS | (AMOUNT if amounts else {})
    packed = ", ".join(f"array_agg({column})" for column in columns)
    # Not a list of thousands: the planner would weigh each element in each month.
    wanted = f"shape_id IN (SELECT unnest(%s::bigint[])){among}"
    query = f"SELECT {packed} FROM leads_activity WHERE {wanted}"  # noqa: S608  own names
    lead, at, shape, seconds, *amount = arrays(query, columns.values(), params)[0]
    order = np.lexsort((at, lead))
    starts = np.unique(lead[order], return_index=True)[1]
    return Facts(
        at=at[order] + EPOCH_2000,
        shape=shape[order],
        seconds=seconds[order],
        amount=amount[0][order] if amount else None,
        starts=starts,
        stops=np.append(starts[1:], len(order)) if len(starts) else starts,
    )


def _gets(compiled: CompiledModel, table: Facts, as_of: int | np.ndarray) -> np.ndarray:
    nobody = fit_points(compiled.model, {}, len(table.starts))
    found = score_many(compiled, table, nobody, as_of, want_next=False)
    decided = (found.critical != NO_RULE) | (found.disqualified != NO_RULE)
    return (found.groups != 0).any(axis=1) | decided


def _ever(rule: Rule, shapes: dict[int, Shape], table: Facts, now: int) -> np.ndarray:
    """A threshold within a window is looked for from the instant of each fact, with what happened up to it. Any other
    rule gave something at some time if it would now without its window and its decay.
    """
    if rule.mode == "each" or rule.window_seconds is None:
        return _gets(_compiled(timeless(rule), shapes), table, now)
    compiled = _compiled(rule, shapes)
    places = np.flatnonzero(table.at <= now)
    owner = np.searchsorted(table.starts, places, "right") - 1
    # Of equal instants the last one sees all.
    moments = replace(table, starts=table.starts[owner], stops=places + 1)
    hits = _gets(compiled, moments, table.at[places])
    return np.bincount(owner[hits], minlength=len(table.starts)) > 0
