"""A rep gives a lead back to nurture: not now, but perhaps later."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from handoff.errors import NotWaiting
from handoff.models import Handoff, Opportunity
from handoff.services.answers import settle
from handoff.services.consequences import Outcome, end_recycled
from handoff.services.news import tell
from handoff.services.offers import lock_cycle, take_back
from leads.services.people import assign_owner


@transaction.atomic
def recycle(*, handoff: Handoff, actor: Any, reason: str) -> Handoff:
    """Ends the cycle, offered or accepted; newer evidence may open the next one. Raises NotWaiting."""
    if not handoff.answerable_by(actor):
        raise PermissionDenied
    cycle = lock_cycle(handoff.cycle)
    settle(handoff.pk, early=True)
    handoff.refresh_from_db()
    cycle.refresh_from_db(fields=["closed_at"])
    if cycle.closed_at is not None or handoff.rejected_at or handoff.withdrawn_at:
        raise NotWaiting(f"{handoff.lead.name} is no longer with {handoff.rep}. Nothing was changed.")
    if Opportunity.objects.open().filter(handoff=handoff).exists():
        raise NotWaiting(f"{handoff.lead.name} has an open deal. Win or lose it first. Nothing was changed.")
    if handoff.is_open:
        take_back(handoff, actor)
    end_recycled(cycle, outcome=Outcome.RECYCLED, actor=actor, reason=reason)
    assign_owner(lead=handoff.lead, owner=None, actor=actor)
    tell(handoff, "recycled")
    return handoff
