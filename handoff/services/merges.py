"""Two leads that were one person: what this floor keeps about the loser goes with whoever stays.

A hand-off belongs to the lead of its cycle, a deal to whoever has that lead's history now. Both are derived, so a
merge that is taken apart again brings a deal back, and a sweep finds what no bell told.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import F, Q

from handoff.models import Handoff, Opportunity
from leads.services.merges import holder
from leads.services.people import assign_owner

LIMIT = 500  # rows a run; the rest follows with the next


@transaction.atomic
def follow_merges(*, limit: int = LIMIT) -> int:
    return _handoffs(limit) + _deals(limit)


def _handoffs(limit: int) -> int:
    """Whoever works the lead gets its record along, so that nobody answers for one they cannot see."""
    losers = Handoff.objects.filter(lead__merged_into__isnull=False)  # few, and found by index
    moved = losers.exclude(lead=F("cycle__lead")).select_related("cycle__lead", "rep")
    found = list(moved.select_for_update(of=("self",), skip_locked=True).order_by("pk")[:limit])
    for handoff in found:
        Handoff.objects.filter(pk=handoff.pk).update(lead=handoff.cycle.lead)
        if not (handoff.rejected_at or handoff.withdrawn_at) and handoff.cycle.closed_at is None:
            assign_owner(lead=handoff.cycle.lead, owner=handoff.rep, actor=None)
    return len(found)


def _deals(limit: int) -> int:
    astray = Q(lead__merged_into__isnull=False) | ~Q(lead=F("handoff__lead"))
    rows = Opportunity.objects.filter(astray).select_related("handoff__lead")
    done = 0
    for deal in rows.select_for_update(of=("self",), skip_locked=True).order_by("-pk")[:limit]:
        lead = holder(deal.handoff.lead)
        if lead.pk != deal.lead_id:
            done += Opportunity.objects.filter(pk=deal.pk).update(lead=lead, version=F("version") + 1)
    return done
