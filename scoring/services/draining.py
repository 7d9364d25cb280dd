"""Leads that wait have their turn: so many an hour, the highest first, and only who still qualifies."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from leads.models import Lead
from scoring.models import HeldLead, Publication, QualificationCycle, Score
from scoring.services import holding, keeping
from scoring.services.crossing import open_now
from scoring.services.holding import FALLEN

State = HeldLead.State
BATCH = 100  # leads a transaction
ELSEWHERE = "Is being worked on already, or may not qualify again yet."
MERGED = "Merged into another lead."


@transaction.atomic
def drain(*, limit: int = BATCH) -> int:
    """Gives up to `limit` leads their turn; how many were looked at. Of two who do this one finds it taken."""
    pace = _claimed_pace()
    if pace is None or pace.per_hour is None:
        return 0
    free = pace.per_hour - len(holding.recent_turns())
    held = list(HeldLead.objects.waiting().by_turn()[: max(min(free, limit), 0)])
    _settle(held, actor=None)
    return len(held)


def _claimed_pace() -> Publication | None:
    """Nobody's turn comes before everybody was scored: only then is it known who is the highest."""
    if Publication.objects.rescoring().exists():
        return None
    found = holding.pace()
    return found and Publication.objects.select_for_update(skip_locked=True).filter(pk=found.pk).first()


@transaction.atomic
def release(*, held_ids: list[int], actor: Any) -> tuple[int, int]:
    """A person hands these on now, whatever the pace: how many became MQLs, and how many could not."""
    held = list(HeldLead.objects.in_force().filter(pk__in=held_ids).by_turn())
    opened = _settle(held, actor=actor)
    return opened, len(held_ids) - opened


def _settle(held: list[HeldLead], *, actor: Any) -> int:
    """Scored first: the rows of scores are always locked before those of the queue."""
    keeping.score_leads([row.lead_id for row in held])
    return sum(_settle_one(row, actor) for row in held)


def _settle_one(row: HeldLead, actor: Any) -> bool:
    claimed = HeldLead.objects.in_force().filter(pk=row.pk)
    if not claimed.update(state=State.RELEASED, settled_at=Now(), settled_by=actor):
        return False
    cycle, words = _opened(row.lead_id)
    if cycle is None:
        HeldLead.objects.filter(pk=row.pk).update(state=State.LEFT, words=words)
        return False
    HeldLead.objects.filter(pk=row.pk).update(cycle=cycle)
    return True


def _opened(lead_id: int) -> tuple[QualificationCycle | None, str]:
    lead = Lead.objects.select_related("score__version").get(pk=lead_id)
    if lead.merged_into_id:
        return None, MERGED
    score: Score | None = getattr(lead, "score", None)
    if score is None or not score.qualified:
        return None, FALLEN
    return open_now(lead), ELSEWHERE
