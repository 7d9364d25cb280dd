"""Runs move on: claimed in batches, each batch does one step.

Lease   a claim writes `lease_until`; whoever finds another one there later has lost the claim
Whole   what a step writes (a mail, an activity, a cycle) is written in the transaction that moves the run
Alone   a batch that fails is done one run at a time; whoever cannot be done keeps the reason and is tried again
Locks   leads before runs, as everywhere in this app; goals are reached in a transaction of their own before
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from itertools import groupby
from typing import Any, NamedTuple

import psycopg
from django.db import OperationalError, connection, transaction
from django.db.models.functions import Now

from nurturing import gates
from nurturing.graph import Graph
from nurturing.models import Campaign, CampaignVersion, Enrolment
from nurturing.services import enrolments
from nurturing.services.steps import DOERS
from nurturing.services.steps.moving import arrive

logger = logging.getLogger(__name__)

FAILED = "This step could not be done:"
BATCH = 500
LEASE_MINUTES = 10
CHANGES_LEADS = (
    "field",
    "points",
    "handoff",
    "start",
    "exit",
    "audience",
    "task",
)  # these lock leads themselves

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
    for pk in (
        Campaign.objects.filter(state=Campaign.State.ACTIVE).order_by("pk").values_list("pk", flat=True)
    ):
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


def _advance(claim: Claim) -> None:
    """Do one step for each; runs that may not go on are left to the sweep that ends them."""
    try:
        _do_all(claim)
    except OperationalError:  # a deadlock, or the database goes: nothing about these runs
        raise
    except Exception as error:
        if len(claim.ids) > 1:
            for pk in claim.ids:
                _advance(claim._replace(ids=[pk]))
            return
        logger.exception("run %s cannot go on", claim.ids[0])
        _note_failure(claim, error)


def _note_failure(claim: Claim, error: Exception) -> None:
    """Where people read it. The lease stays, so that it is tried again when that is over."""
    words = f"{FAILED} {type(error).__name__}. It is tried again every {LEASE_MINUTES} minutes."
    Enrolment.objects.filter(pk__in=claim.ids, lease_until=claim.lease).update(trouble=words)


def _do_all(claim: Claim) -> None:
    enrolments.reach_goals(Enrolment.objects.filter(pk__in=claim.ids))
    _do_steps(claim)


@transaction.atomic
def _do_steps(claim: Claim) -> None:
    claimed = Enrolment.objects.filter(pk__in=claim.ids)
    enrolments.lock_leads(claimed.filter(step__kind__in=CHANGES_LEADS))
    runs = (
        gates.running()
        .filter(pk__in=claim.ids, lease_until=claim.lease)
        .order_by("version_id", "step_id", "pk")
    )
    places = runs.select_for_update(of=("self",)).values_list("version_id", "step_id", "pk")
    for version, step, members in _groups(places):
        _do(version, step, members)


def _groups(places: Any) -> Iterator[tuple[int, int | None, list[int]]]:
    for (version, step), group in groupby(places, key=lambda place: place[:2]):
        yield version, step, [pk for _, _, pk in group]


def _do(version_id: int, step_id: int | None, ids: list[int]) -> None:
    if step_id is None:
        complete = Enrolment.objects.filter(pk__in=ids)
        complete.plan(None, ended_at=Now(), ended_because=Enrolment.Ended.COMPLETED)
    else:
        version, graph = _graph(version_id)
        version.campaign.refresh_from_db()
        step = graph.steps[step_id]
        DOERS[step.kind](arrive(step, graph, ids))


@lru_cache(maxsize=64)
def _graph(version_id: int) -> tuple[CampaignVersion, Graph]:
    """Kept: runs are in frozen versions only, and the database refuses every change of those. Not of the campaign."""
    version = CampaignVersion.objects.select_related("campaign").get(pk=version_id)
    steps = list(version.steps.all())
    for step in steps:
        step.version = version
    return version, Graph(steps)
