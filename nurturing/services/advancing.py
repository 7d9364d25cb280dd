"""Runs move on: claimed in batches, each batch does one step.

Lease   a claim moves `due_at` ahead; whoever finds another `due_at` later has lost the claim
Whole   what a step writes (a mail, an activity, a cycle) is written in the transaction that moves the run
Locks   leads before runs, as everywhere in this app
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from typing import Any

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
UPDATE nurturing_enrolment SET was_due_at = due_at, due_at = statement_timestamp() + make_interval(mins => %s)
WHERE id = ANY(ARRAY(
    SELECT id FROM nurturing_enrolment
    WHERE campaign_id = %s AND ended_at IS NULL AND due_at <= statement_timestamp()
    ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED))
RETURNING id, due_at
"""


def advance_due(limit: int = BATCH) -> int:
    """Move due runs of each running campaign on by one batch: a large campaign cannot starve a small one."""
    running = Campaign.objects.filter(state=Campaign.State.ACTIVE).values_list("pk", flat=True)
    return sum(_advance(*_claim(pk, limit)) for pk in running)


def _claim(campaign_id: int, limit: int) -> tuple[list[int], datetime | None]:
    """The ids and the end of their lease, which is also the token: whoever finds another `due_at` is late."""
    connection.ensure_connection()
    with psycopg.Cursor(connection.connection) as prepared:
        prepared.execute(CLAIM, [LEASE_MINUTES, campaign_id, limit], prepare=True)
        rows = prepared.fetchall()
    return [row[0] for row in rows], rows[0][1] if rows else None


@transaction.atomic
def _advance(ids: list[int], lease: datetime | None) -> int:
    """Do one step for each; runs that may not go on are left to the sweep that ends them."""
    if not ids:
        return 0
    claimed = Enrolment.objects.filter(pk__in=ids)
    enrolments.reach_goals(claimed)
    enrolments.lock_leads(claimed.filter(step__kind__in=CHANGES_LEADS))
    runs = gates.running().filter(pk__in=ids, due_at=lease).order_by("version_id", "step_id", "pk")
    places = runs.select_for_update(of=("self",)).values_list("version_id", "step_id", "pk")
    return sum(_do(version, step, members) for version, step, members in _groups(places))


def _groups(places: Any) -> Iterator[tuple[int, int | None, list[int]]]:
    for (version, step), group in groupby(places, key=lambda place: place[:2]):
        yield version, step, [pk for _, _, pk in group]


def _do(version_id: int, step_id: int | None, ids: list[int]) -> int:
    graph = _graph(version_id)
    if step_id is None:
        complete = Enrolment.objects.filter(pk__in=ids)
        complete.update(ended_at=Now(), ended_because=Enrolment.Ended.COMPLETED, due_at=None)
    else:
        step = graph.steps[step_id]
        DOERS[step.kind](arrive(step, graph, ids))
    return len(ids)


@lru_cache(maxsize=64)
def _graph(version_id: int) -> Graph:
    """Kept: runs are in frozen versions only, and the database refuses every change of those."""
    version = CampaignVersion.objects.select_related("campaign").get(pk=version_id)
    return Graph(version.steps.select_related("version__campaign"))
