"""Who is in which segments now: a plan asked of many leads, column by column, never lead by lead."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nurturing.segments import reading
from nurturing.segments.language import BeenIn, Did, Group, Has, InSegment, Leaf
from nurturing.segments.plan import Plan, Verdicts, truth
from scoring import engine
from scoring.compiler import NEVER
from scoring.conditions import Verdict, asked
from scoring.facts import microseconds
from scoring.fit import Column
from scoring.language import Condition
from scoring.rows import database_now

Ids = NDArray[np.int64]


@dataclass(frozen=True)
class Found:
    """`inside` says for each segment of the plan which of `leads` are in it. Nothing changes by time alone before
    `next_change_at` (microseconds since 1970, NEVER if never).
    """

    leads: Ids
    inside: dict[int, NDArray[np.bool_]]
    next_change_at: Ids


def evaluate(plan: Plan, lead_ids: Ids) -> Found:
    """Of ascending ids, as of the database's clock. Whoever is merged or gone is not among the leads found."""
    leads = reading.people(lead_ids)
    asked_of = _Leads.read(plan, leads)
    for pk in plan.order:
        verdicts = truth(plan.definitions[pk], asked_of.leaf, len(leads))
        asked_of.inside[pk] = verdicts >= Verdict.LOOSE
    own = {pk: asked_of.inside[pk] for pk in plan.order}
    return Found(leads, own, asked_of.next_change_at)


def matching(group: Group, lead_ids: Ids) -> Ids:
    """Who of these meets a definition that need not be anybody's yet."""
    found = evaluate(Plan.of(reading.definitions(group)), lead_ids)
    return found.leads[found.inside[reading.DRAFT]] if reading.DRAFT in found.inside else lead_ids[:0]


@dataclass
class _Leads:
    leads: Ids
    columns: dict[str, Column]
    did: NDArray[np.bool_]
    rules: Any
    campaigns: dict[int, Ids]
    inside: dict[int, NDArray[np.bool_]]
    next_change_at: Ids

    @classmethod
    def read(cls, plan: Plan, leads: Ids) -> _Leads:
        did, next_change_at = _behaviour(plan, leads)
        among = partial(np.isin, leads, assume_unique=True)
        return cls(
            leads=leads,
            columns=reading.columns(leads, plan.fields),
            did=did,
            rules=plan.columns,
            campaigns={pk: reading.enrolled(pk, leads) for pk in plan.campaigns},
            inside={pk: among(reading.listed(pk, leads)) for pk in plan.outside},
            next_change_at=next_change_at,
        )

    def leaf(self, leaf: Leaf) -> Verdicts:
        match leaf:
            case Has(condition):
                return self._field(condition)
            case Did(rule, fewer):
                return _verdicts(self.did[:, self.rules[rule]] != fewer)
            case BeenIn(campaign, been):
                return _verdicts(np.isin(self.leads, self.campaigns[campaign], assume_unique=True) == been)
            case InSegment(segment, inside):
                return _verdicts(self.inside[segment] == inside)

    def _field(self, condition: Condition) -> Verdicts:
        """Each distinct value is asked once."""
        column, asks = self.columns.get(condition.field), asked(condition)
        if column is None:
            return np.full(len(self.leads), asks(None), np.uint8)
        return np.array([asks(value) for value in column.values], np.uint8)[column.codes]


def _verdicts(holds: NDArray[np.bool_]) -> Verdicts:
    return np.where(holds, Verdict.HIT, Verdict.MISS).astype(np.uint8)


def _behaviour(plan: Plan, leads: Ids) -> tuple[NDArray[np.bool_], Ids]:
    if not plan.model.rules or not len(leads):
        return np.zeros((len(leads), len(plan.columns)), bool), np.full(len(leads), NEVER)
    found = engine.score(plan.model, leads, {}, microseconds(database_now()))
    return found.groups != 0, found.next_change_at
