"""People in older versions go to the running one: in batches, in the background, each to the step that was named.

Same step   who waits there keeps waiting as long as before, and a mail that was written is not written again
Another     who is sent to another step gets to it at once
Outside     who waits for a colleague or another system stays where that is expected; they can be moved later
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, F, QuerySet
from django.db.models.functions import Now

from leads.events import publish
from nurturing.events import PeopleMoveAsked
from nurturing.models import Campaign, CampaignVersion, Enrolment, PeopleMove, Step, Visit
from nurturing.services import drafting, enrolments
from nurturing.services.drafting import NotPossible

BATCH = 500
STAY = ("task", "webhook", "webinar")  # what they wait for is kept by the step they stand at
CARRY = """
INSERT INTO nurturing_visit (enrolment_id, step_id, at, until, outcome, words)
SELECT enrolment_id, %s, at, until, '', %s FROM nurturing_visit
WHERE step_id = %s AND left_at IS NULL AND enrolment_id = ANY(%s) ON CONFLICT DO NOTHING
"""


def behind(campaign: Campaign, target: CampaignVersion) -> QuerySet[Enrolment]:
    """Who would be moved to this version."""
    inside = Enrolment.objects.active().filter(campaign=campaign, version__number__lt=target.number)
    return inside.exclude(step__kind__in=STAY)


def standing(campaign: Campaign, target: CampaignVersion) -> dict[str, int]:
    """{key of the step: people}, of those who would be moved."""
    rows = behind(campaign, target).exclude(step=None).order_by().values_list("step__key")
    return {str(key): people for key, people in rows.annotate(Count("pk"))}


@transaction.atomic
def ask(*, campaign: Campaign, target: CampaignVersion, steps: Mapping[str, str], actor: Any) -> PeopleMove:
    """Every step of older versions that somebody may stand at needs an answer. Raises NotPossible."""
    drafting.locked(campaign)
    if campaign.moves.filter(finished_at=None).exists():
        raise NotPossible("People are being moved already. Wait until that is done.")
    if target.frozen_at is None or target.campaign_id != campaign.pk:
        raise NotPossible("People can only be moved to a version that is published.")
    known = {str(key) for key in target.steps.values_list("key", flat=True)}
    if not set(filter(None, steps.values())) <= known:
        raise NotPossible("A step that was chosen is not in that version. Nothing was moved.")
    move = PeopleMove.objects.create(campaign=campaign, target=target, steps=dict(steps), asked_by=actor)
    publish(PeopleMoveAsked(move_id=move.pk))
    return move


def work(limit: int = BATCH) -> int:
    """One batch of each move that is under way; the number of people. Nothing happens twice."""
    return sum(
        _batch(pk, limit) for pk in PeopleMove.objects.filter(finished_at=None).values_list("pk", flat=True)
    )


@transaction.atomic
def _batch(move_id: int, limit: int) -> int:
    open_moves = PeopleMove.objects.select_for_update(of=("self",), skip_locked=True)
    move = open_moves.select_related("campaign", "target").filter(pk=move_id, finished_at=None).first()
    if move is None:
        return 0
    left = _leave(move, limit)
    runs = _movable(move)
    enrolments.lock_leads(Enrolment.objects.filter(pk__in=list(runs.values_list("pk", flat=True)[:limit])))
    rows = runs.select_for_update(of=("self",)).values_list("step_id", "step__key", "pk")[:limit]
    groups: dict[tuple[int | None, str], list[int]] = {}
    for step_id, key, pk in rows:
        groups.setdefault((step_id, str(key)), []).append(pk)
    moved = sum(_go(move, step_id, key, ids) for (step_id, key), ids in groups.items())
    PeopleMove.objects.filter(pk=move_id).update(moved=F("moved") + moved, left=F("left") + left)
    if not moved and not left:
        PeopleMove.objects.filter(pk=move_id).update(finished_at=Now())
    return moved + left


def _movable(move: PeopleMove) -> QuerySet[Enrolment]:
    """Only steps with an answer: one that nobody was asked about keeps its people."""
    runs = behind(move.campaign, move.target).order_by("pk")
    return runs.filter(step__key__in=[key for key, new in move.steps.items() if new])


def _leave(move: PeopleMove, limit: int) -> int:
    gone = [key for key, new in move.steps.items() if not new]
    ids = list(
        behind(move.campaign, move.target).filter(step__key__in=gone).values_list("pk", flat=True)[:limit]
    )
    if not ids:
        return 0
    words = f"Left when people were moved to version {move.target.number}."
    ended = enrolments.end(Enrolment.objects.active().filter(pk__in=ids), Enrolment.Ended.EXITED, words)
    Visit.objects.filter(enrolment__in=ids, left_at=None).update(left_at=Now(), outcome="left", words=words)
    return ended


def _go(move: PeopleMove, old: int | None, key: str, ids: list[int]) -> int:
    target = Step.objects.get(version=move.target, key=move.steps[key])
    runs, words = Enrolment.objects.filter(pk__in=ids), f"Moved to version {move.target.number}."
    if str(target.key) == key:
        with connection.cursor() as cursor:
            cursor.execute(CARRY, [target.pk, words, old, ids])
        runs.update(version=move.target, step=target)
    else:
        runs.plan(Now(), version=move.target, step=target)
    here = Visit.objects.filter(step=old, enrolment__in=ids, left_at=None)
    here.update(left_at=Now(), outcome="moved", words=words)
    return len(ids)
