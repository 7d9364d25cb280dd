"""Leads that nobody could take: they wait in the open, and go to the first who can, the oldest first."""

from __future__ import annotations

from typing import Any

from django.db.models.functions import Now

from handoff.decisions import Decision, pool_of
from handoff.models import Holding
from handoff.services.news import tell_queue
from handoff.services.routing import write_down
from scoring.models import QualificationCycle


def hold(*, cycle: QualificationCycle, decision: Decision, actor: Any, note: str) -> Holding:
    """Waiting once is enough: who asks again renews the reason and keeps the place in the line."""
    found = Holding.objects.filter(cycle=cycle, released_at=None).first()
    if found is None:
        found = Holding(cycle=cycle, held_by_id=actor.pk, note=note.strip())
        write_down(decision, cycle)
    found.because = decision.because[:300]
    found.waits_for = waits_for(decision)
    found.next_at = decision.next_at
    found.save()
    found.refresh_from_db()
    tell_queue("held", cycle=cycle.pk, lead=cycle.lead_id)
    return found


def waits_for(decision: Decision) -> str:
    """What must change before this lead can move: leads with the same answer wait in one line."""
    route = decision.route
    if route.target == "rep":
        return f"rep:{route.rep}"
    return route.target if route.target in ("owner", "queue") else pool_of(route)


def release(cycle: QualificationCycle) -> int:
    return Holding.objects.filter(cycle=cycle, released_at=None).update(released_at=Now())


def release_closed() -> int:
    """A lead that is no longer an MQL waits for nobody."""
    over = Holding.objects.filter(released_at=None, cycle__closed_at__isnull=False)
    return over.update(released_at=Now())
