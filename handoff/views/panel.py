"""What the lead's page shows of qualification and handoffs."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from handoff.clock import database_now
from handoff.faces import face
from handoff.models import Handoff, Opportunity, SlaClock
from handoff.views.inbox_walk import inbox_walk
from leads.models import Lead
from scoring.models import QualificationCycle

CYCLES = 10  # the newest; a lead with more has a story for the audit, not for a panel
DEALS = 5  # open ones of one lead, after a merge


@login_required
@require_GET
def panel(request: HttpRequest, lead_pk: int) -> HttpResponse:
    """Cycles with their handoffs and promises, newest first; a stranger's lead is a 404."""
    lead = Lead.objects.visible_to(request.user).filter(pk=lead_pk).first()
    if lead is None:
        raise Http404
    fragment = request.wants_fragment  # type: ignore[attr-defined]
    template = "handoff/_panel.html" if fragment else "handoff/panel.html"
    context = {
        "lead": lead,
        "cycles": _cycles(request, lead),
        "beside": _doubled_deals(request.user, lead),
        **inbox_walk(request, lead.pk),
    }
    return render(request, template, context)


def _doubled_deals(user: Any, lead: Lead) -> list[tuple[Opportunity, bool]]:
    deals = Opportunity.objects.doubled().filter(lead=lead).select_related("owner").order_by("pk")
    return [(deal, not user.is_rep or deal.owner_id == user.pk) for deal in deals[:DEALS]]


def _cycles(request: HttpRequest, lead: Lead) -> list[dict[str, Any]]:
    handoffs = Handoff.objects.visible_to(request.user).select_related(
        "rep", "offered_by", "answered_by", "reject_reason", "opportunity__stage"
    )
    cycles = QualificationCycle.objects.filter(lead=lead).order_by("-n")
    cycles = cycles.select_related("closed_by", "version").prefetch_related(
        Prefetch("handoffs", handoffs.order_by("-offered_at", "-pk")),
        Prefetch("clocks", SlaClock.objects.order_by("started_at", "pk")),
    )
    return [_story(request, cycle) for cycle in cycles[:CYCLES]]


def _story(request: HttpRequest, cycle: QualificationCycle) -> dict[str, Any]:
    now, user = database_now(), request.user
    handoffs = list(cycle.handoffs.all())
    clocks = [(clock, face(clock, now)) for clock in cycle.clocks.all()]
    deals = [row.opportunity for row in handoffs if hasattr(row, "opportunity")]
    live = next((row for row in handoffs if not row.rejected_at and not row.withdrawn_at), None)
    waiting = cycle.closed_at is None and live is None
    opens = live and live.accepted_at and not cycle.closed_at and live.answerable_by(user)
    return {
        "cycle": cycle,
        "handoffs": handoffs,
        "clocks": [(clock, look) for clock, look in clocks if look],
        "may_hand_off": waiting and not user.is_rep,  # type: ignore[union-attr]
        "deals": deals,
        "may_open_deal": live if opens and not deals else None,
        "answerable": live if live and live.is_open and live.answerable_by(user) else None,
    }
