"""How runs move: on along a branch, waiting until an instant, out. A Visit keeps each decision."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models.functions import Now

from nurturing.graph import Graph
from nurturing.models import Enrolment, Step, Visit
from nurturing.services import enrolments

ARRIVE = """
INSERT INTO nurturing_visit (enrolment_id, step_id, outcome, words)
SELECT run, %s, '', '' FROM unnest(%s::bigint[]) run ON CONFLICT DO NOTHING RETURNING enrolment_id
"""


@dataclass(frozen=True)
class Batch:
    """Runs that stand at the same step: `fresh` ones came just now, `back` ones have waited here."""

    step: Step
    graph: Graph
    fresh: list[int]
    back: list[int]

    @property
    def ids(self) -> list[int]:
        return self.fresh + self.back


def arrive(step: Step, graph: Graph, ids: list[int]) -> Batch:
    with connection.cursor() as cursor:
        cursor.execute(ARRIVE, [step.pk, ids])
        fresh = {row[0] for row in cursor.fetchall()}
    return Batch(step, graph, [pk for pk in ids if pk in fresh], [pk for pk in ids if pk not in fresh])


def go_on(
    batch: Batch, ids: Collection[int], branch: str = "", *, outcome: str = "", words: str = ""
) -> None:
    """To the next step, at once. `outcome` is the branch unless said otherwise."""
    if not ids:
        return
    _leave(batch, ids, outcome or branch or "done", words)
    target = batch.graph.follows(batch.step, branch)
    Enrolment.objects.filter(pk__in=ids).plan(Now(), step=target)


def stay(batch: Batch, ids: Collection[int], until: Any) -> None:
    """Looked at again at `until` (an instant, or an expression of the database)."""
    if ids:
        Visit.objects.filter(step=batch.step, enrolment__in=ids).update(until=until)
        Enrolment.objects.filter(pk__in=ids).plan(until)


def stay_each(batch: Batch, untils: Mapping[int, datetime]) -> None:
    """As `stay`, each run until an instant of its own; those of one instant together."""
    groups: dict[datetime, list[int]] = {}
    for pk, until in untils.items():
        groups.setdefault(until, []).append(pk)
    for until, ids in groups.items():
        stay(batch, ids, until)


def hold(ids: Collection[int]) -> None:
    """Until something else wakes them: the mail that is under way, a request that is being made."""
    Enrolment.objects.filter(pk__in=ids).plan(None)


def leave(batch: Batch, ids: Collection[int], because: str, words: str) -> None:
    _leave(batch, ids, "left", words)
    enrolments.end(Enrolment.objects.filter(pk__in=ids), because, words)


def _leave(batch: Batch, ids: Collection[int], outcome: str, words: str) -> None:
    here = Visit.objects.filter(step=batch.step, enrolment__in=ids)
    here.update(left_at=Now(), outcome=outcome[:12], words=words[:300])
