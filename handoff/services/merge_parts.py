"""Hand-offs and deals at a merge: a hand-off belongs to the lead of its cycle, a deal to its hand-off's."""

from __future__ import annotations

from typing import Any

from django.db.models import F

from handoff.models import Handoff, Opportunity
from handoff.services import merges
from leads.joining import Line
from leads.models import Lead
from leads.services.people import assign_owner


def move(winner: Lead, loser: Lead) -> dict[str, Any]:
    if Handoff.objects.filter(lead=loser).exists() or Opportunity.objects.filter(lead=loser).exists():
        merges.follow_merges()
    return {}


def give_back(kept_by: Lead, loser: Lead, noted: dict[str, Any]) -> None:
    """The cycle is the loser's again already; its hand-offs and deals follow it."""
    astray = Handoff.objects.filter(cycle__lead=loser).exclude(lead=loser).select_related("rep")
    for handoff in astray:
        Handoff.objects.filter(pk=handoff.pk).update(lead=loser)
        if not (handoff.rejected_at or handoff.withdrawn_at):
            assign_owner(lead=loser, owner=handoff.rep, actor=None)
    deals = Opportunity.objects.filter(handoff__lead=loser).exclude(lead=loser)
    deals.update(lead=loser, version=F("version") + 1)


def lines(winner: Lead, loser: Lead) -> list[Line]:
    found = []
    if Handoff.objects.filter(lead=loser, rejected_at=None, withdrawn_at=None).exists():
        found.append(Line("Its hand-off goes along, with its rep and its promises."))
    deals = Opportunity.objects.filter(lead=loser).count()
    if deals:
        found.append(Line(f"{deals} {'deal goes' if deals == 1 else 'deals go'} along."))
    return found
