"""Leads that another floor sent back to a campaign: taken in on their day, once, or told why not.

Each row is locked while it is decided, so two sweeps enrol once. A paused campaign keeps its rows waiting.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from leads.models import Lead, ReEntry
from leads.services.re_entries import settle_re_entry
from nurturing.models import Campaign
from nurturing.services import enrolments

BATCH = 200
WAITS = (Campaign.State.DRAFT, Campaign.State.PAUSED)


def take_in_due(*, limit: int = BATCH) -> int:
    """How many were settled."""
    waiting = Campaign.objects.filter(Q(state__in=WAITS) | Q(starts_at__gt=Now())).values("pk")
    due = ReEntry.objects.filter(settled_at=None, due_at__lte=Now()).exclude(campaign__in=waiting)
    return sum(take_in(pk) for pk in due.order_by("due_at").values_list("pk", flat=True)[:limit])


@transaction.atomic
def take_in(pk: int) -> bool:
    due = ReEntry.objects.select_for_update(of=("self",), skip_locked=True).select_related(
        "lead__merged_into"
    )
    row = due.filter(pk=pk, settled_at=None, due_at__lte=Now()).first()
    return row is not None and settle_re_entry(row=row, result=_enter(row))


def _enter(row: ReEntry) -> str:
    """Enrols, and says so in words; or says what speaks against it."""
    lead, campaign = row.lead.merged_into or row.lead, Campaign.objects.filter(pk=row.campaign).first()
    if (
        campaign is None
        or campaign.state != Campaign.State.ACTIVE
        or not campaign.takes_people(timezone.now())
    ):
        return "Not enrolled: the campaign has ended."
    if lead.stage == Lead.Stage.MQL:
        return "Not enrolled: the lead has qualified again."
    if enrolments.enrol(campaign=campaign, leads=[lead.pk]).added:
        return f"Enrolled in {campaign}."
    why = enrolments.blockers(campaign, [lead.pk]).get(lead.pk) or "the lead reached its goal"
    return f"Not enrolled: {why[:1].lower()}{why[1:]}."
