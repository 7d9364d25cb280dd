"""A rep gives a lead back to nurture: not now, but perhaps later."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from handoff.errors import NoteRequired, NotWaiting
from handoff.events import HandoffRecycled
from handoff.models import Handoff, RejectReason
from handoff.services.answers import settle
from handoff.services.consequences import recycle_accepted
from handoff.services.news import tell
from handoff.services.offers import lock_cycle, must_have_no_deal
from leads.events import publish
from leads.services.people import assign_owner


@transaction.atomic
def recycle(*, handoff: Handoff, actor: Any, reason: RejectReason, note: str = "") -> Handoff:
    """Ends the cycle of an accepted lead, with the consequences of a reason that sends leads back to nurture.

    Newer evidence may open the next one. An offer is answered first. Raises NotWaiting, NoteRequired.
    """
    if not handoff.answerable_by(actor):
        raise PermissionDenied
    if reason.consequence != RejectReason.Consequence.RECYCLE:
        raise NotWaiting(f"“{reason}” does not send a lead back to nurture. Nothing was changed.")
    if missing := reason.missing(note):
        raise NoteRequired(missing)
    cycle = lock_cycle(handoff.cycle)
    settle(handoff.pk, early=True)
    handoff.refresh_from_db()
    cycle.refresh_from_db(fields=["closed_at"])
    if cycle.closed_at is not None or handoff.rejected_at or handoff.withdrawn_at:
        raise NotWaiting(f"{handoff.lead.name} is no longer with {handoff.rep}. Nothing was changed.")
    if handoff.is_open:
        raise NotWaiting(
            f"{handoff.lead.name} is not answered yet. Reject it with a reason. Nothing was changed."
        )
    must_have_no_deal(handoff)
    recycle_accepted(handoff, reason, actor=actor, note=note.strip())
    assign_owner(lead=handoff.lead, owner=None, actor=actor)
    publish(HandoffRecycled(lead_id=handoff.lead_id, handoff_id=handoff.pk))
    tell(handoff, "recycled")
    return handoff
