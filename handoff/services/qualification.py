"""What was said about budget, authority, need and timing, and what makes an SQL of it.

An accepted lead is an SQL at once, or as soon as the letters the organisation asks for are known. What is still
open is written into an own field of the lead, so that segments, rules and mails can choose content by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from handoff.bant import gaps, missing, newest, standings
from handoff.models import Agreement, BantEvidence, Handoff
from handoff.services import clocks
from leads.models import Lead
from leads.services.people import move_stage, register_fields, update_fields

GAPS = "bant_gaps"
NO_GAPS = "none"


@transaction.atomic
def record_evidence(*, lead: Lead, said: Mapping[str, Mapping[str, Any]], actor: Any) -> list[BantEvidence]:
    """`said` holds what is new, by letter; what was said before stays as history."""
    if not Lead.objects.visible_to(actor).filter(pk=lead.pk).exists():
        raise PermissionDenied
    rows = [
        BantEvidence(lead=lead, letter=letter, recorded_by=actor, **values) for letter, values in said.items()
    ]
    BantEvidence.objects.bulk_create(rows)
    if rows:
        _publish_gaps(lead, actor)
        _promote(lead, actor)
    return rows


def become_sql(handoff: Handoff, *, reason: str, actor: Any) -> bool:
    """The accepted lead is an SQL, unless the organisation asks for more than is known, or it is a deal already."""
    if missing_for_sql(handoff.lead_id) or Handoff.objects.with_open_deal().filter(pk=handoff.pk).exists():
        return False
    return move_stage(lead=handoff.lead, stage=Lead.Stage.SQL, reason=reason, actor=actor)


def missing_for_sql(lead_id: int) -> list[str]:
    needed = Agreement.current().needed
    return missing(standing_of(lead_id), needed) if needed else []


def standing_of(lead_id: int) -> dict[str, str]:
    return standings(newest(BantEvidence.objects.of_lead(lead_id)))


def promote_complete(*, limit: int = 500) -> int:
    """Sweep: accepted leads that have all that is asked for, since the agreement asks for less now."""
    worked = Handoff.objects.being_worked().filter(lead__stage=Lead.Stage.MQL, settles_at=None)
    waiting = worked.select_related("lead").order_by("-accepted_at")[:limit]
    words = "Accepted before, and the agreement asks for no more."
    return sum(become_sql(handoff, reason=words, actor=None) for handoff in waiting)


def _promote(lead: Lead, actor: Any) -> None:
    worked = Handoff.objects.being_worked().filter(lead=lead, lead__stage=Lead.Stage.MQL)
    handoff = worked.select_related("lead", "cycle").first()
    words = "Accepted, and qualification is complete."
    if handoff is not None and become_sql(handoff, reason=words, actor=actor):
        clocks.meet_disposition(handoff.cycle)


def _publish_gaps(lead: Lead, actor: Any) -> None:
    open_letters = ", ".join(gaps(standing_of(lead.pk))) or NO_GAPS
    register_fields({GAPS: ("Qualification gaps", "text")})
    update_fields(lead=lead, values={f"custom.{GAPS}": open_letters}, source="typed", actor=actor)
