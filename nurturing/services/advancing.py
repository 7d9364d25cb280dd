"""Runs move on: claimed in batches, each batch does one step.

Lease   a claim writes `lease_until`; whoever finds another one there later has lost the claim
Whole   what a step writes (a mail, an activity, a cycle) is written in the transaction that moves the run
Locks   leads before runs, as everywhere in this app
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from itertools import groupby
from typing import Any, NamedTuple

import psycopg
from django.db import connection, transaction
from django.db.models.functions import Now

from nurturing import gates
from nurturing.graph import Graph
from nurturing.models import Campaign, CampaignVersion, Enrolment
from nurturing.services import enrolments
from nurturing.services.steps import DOERS
from nurturing.services.steps.moving import arrive

BATCH = 500
LEASE_MINUTES = 10
CHANGES_LEADS = ("field", "points", "handoff", "start", "exit")  # these lock leads themselves

CLAIM = """
WITH claimed AS (
    UPDATE nurturing_enrolment SET lease_until = statement_timestamp() + make_interval(mins => %s)
    WHERE id = ANY(ARRAY(
        SELECT id FROM nurturing_enrolment
        WHERE campaign_id = %s AND ended_at IS NULL AND due_at BETWEEN %s AND statement_timestamp()
            AND (lease_until IS NULL OR lease_until <= statement_timestamp())
        ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED))
    RETURNING id, lease_until, due_at
)
SELECT array_agg(id), max(lease_until), max(due_at) FROM claimed
"""
BEGINNING = datetime.min.replace(tzinfo=UTC)


class Claim(NamedTuple):
    """`lease` is its end and also its token: whoever finds another one in a row has lost that row."""

    ids: list[int]
    lease: datetime
    reached: datetime  # when the last of them was due


def advance_all(seconds: float) -> None:
    """Move due runs on until nothing is due or the time is over."""
    ends, reached = time.monotonic() + seconds, dict[int, datetime]()
    while advance_due(reached=reached) and time.monotonic() < ends:
        pass


def advance_due(limit: int = BATCH, reached: dict[int, datetime] | None = None) -> int:
    """Move due runs of each running campaign on by one batch: a large campaign cannot starve a small one.

    `reached` keeps where the last batch of each ended, for the next one to begin there: before that stand runs that
    others hold, and those that may not go on. Answers how many were taken up.
    """
    reached, taken = {} if reached is None else reached, 0
    for pk in Campaign.objects.filter(state=Campaign.State.ACTIVE).values_list("pk", flat=True):
        claim = _claim(pk, limit, reached.get(pk, BEGINNING))
        if claim:
            _advance(claim)
            reached[pk], taken = claim.reached, taken + len(claim.ids)
    return taken


def _claim(campaign_id: int, limit: int, since: datetime = BEGINNING) -> Claim | None:
    connection.ensure_connection()
    with psycopg.Cursor(connection.connection) as prepared:
        prepared.execute(CLAIM, [LEASE_MINUTES, campaign_id, since, limit], prepare=True)
        [row] = prepared.fetchall()
    return Claim(*row) if row[0] else None


@transaction.atomic
def _advance(claim: Claim) -> int:
    """Do one step for each; runs that may not go on are left to the sweep that ends them."""
    claimed = Enrolment.objects.filter(pk__in=claim.ids)
    enrolments.reach_goals(claimed)
    enrolments.lock_leads(claimed.filter(step__kind__in=CHANGES_LEADS))
    runs = (
        gates.running()
        .filter(pk__in=claim.ids, lease_until=claim.lease)
        .order_by("version_id", "step_id", "pk")
    )
    places = runs.select_for_update(of=("self",)).values_list("version_id", "step_id", "pk")
    return sum(_do(version, step, members) for version, step, members in _groups(places))


def _groups(places: Any) -> Iterator[tuple[int, int | None, list[int]]]:
    for (version, step), group in groupby(places, key=lambda place: place[:2]):
        yield version, step, [pk for _, _, pk in group]


def _do(version_id: int, step_id: int | None, ids: list[int]) -> int:
    graph = _graph(version_id)
    if step_id is None:
        complete = Enrolment.objects.filter(pk__in=ids)
        complete.plan(None, ended_at=Now(), ended_because=Enrolment.Ended.COMPLETED)
    else:
        step = graph.steps[step_id]
        DOERS[step.kind](arrive(step, graph, ids))
    return len(ids)


@lru_cache(maxsize=64)
def _graph(version_id: int) -> Graph:
    """Kept: runs are in frozen versions only, and the database refuses every change of those."""
    version = CampaignVersion.objects.select_related("campaign").get(pk=version_id)
    return Graph(version.steps.select_related("version__campaign"))
