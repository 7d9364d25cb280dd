"""Why a rep got a lead, and who would get one now."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.access import roles
from handoff.models import RoutingDecision
from handoff.services.routing import preview
from handoff.views.inbox import find, inbox_url
from handoff.views.queue import detail_url, find_cycle
from scoring.models import QualificationCycle


@login_required
@require_GET
def why(request: HttpRequest, pk: int) -> HttpResponse:
    """The line of the audit behind one offer, for whoever may see the offer."""
    handoff = find(request, pk)
    context = {
        "decision": RoutingDecision.objects.filter(handoff=handoff).first(),
        "outcome": "Got it",
        "because": handoff.routed_because,
        "lede": f"{handoff.lead.name[:80]}, offered to {handoff.rep}",
        "back_url": inbox_url(request, handoff) if _in_inbox(request) else f"/leads/{handoff.lead_id}/",
    }
    return _explained(request, "Why this rep", context)


@roles("marketer", "manager")
@require_GET
def look_ahead(request: HttpRequest, cycle_pk: int) -> HttpResponse:
    """Who would get this lead at this moment. Nothing is decided by looking."""
    cycle = find_cycle(request, cycle_pk)
    context = ahead_of(cycle) | {
        "lede": f"{cycle.lead.name[:80]}, if it were handed off now. Nothing is decided by looking.",
        "back_url": detail_url(request, cycle.pk),
    }
    return _explained(request, "Who would get this lead", context)


def ahead_of(cycle: QualificationCycle) -> dict[str, Any]:
    found = preview(cycle)
    rep = next((each.name for each in found.candidates if each.rep == found.rep), "")
    return {
        "decision": {
            "rep_id": found.rep,
            "because": found.because,
            "steps": found.steps,
            "candidates": found.candidates,
        },
        "outcome": "Next",
        "goes_to": rep,
        "held": found.rep is None,
        "next_at": found.next_at,
    }


def _in_inbox(request: HttpRequest) -> bool:
    return request.user.is_rep or request.user.leads_sales  # type: ignore[union-attr]


def _explained(request: HttpRequest, heading: str, context: dict[str, Any]) -> HttpResponse:
    template = "handoff/_routing.html"
    if request.wants_fragment:  # type: ignore[attr-defined]
        return render(request, template, context | {"heading": heading})
    return render(request, "handoff/decision.html", context | {"heading": heading, "fragment": template})
