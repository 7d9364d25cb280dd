"""The SQL inbox: the rep decides. List and lead side by side; on a phone one of them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts.access import roles
from accounts.models import User
from handoff.clock import database_now
from handoff.faces import chips, face
from handoff.inbox import groups
from handoff.models import Handoff, Opportunity, SlaClock
from handoff.pausing import pausing
from leads.models import Activity
from scoring.models import QualificationCycle

Kind = SlaClock.Kind
ACTIVITIES = 6  # shown beside the decision; the lead's page has them all
see_inbox = roles("rep", "manager")


@see_inbox
@require_GET
def inbox(request: HttpRequest) -> HttpResponse:
    """The list, with the most urgent lead open beside it."""
    context = list_context(request)
    handoff = first_of(context["groups"])
    context |= detail_context(request, handoff) if handoff else {}
    return render(request, "handoff/inbox.html", context)


@see_inbox
@require_GET
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    handoff = find(request, pk)
    if request.wants_fragment:  # type: ignore[attr-defined]
        return render(request, "handoff/_lead.html", detail_context(request, handoff))
    context = list_context(request) | detail_context(request, handoff)
    return render(request, "handoff/inbox.html", context | {"view": "detail"})


def find(request: HttpRequest, pk: int) -> Handoff:
    handoff = Handoff.objects.visible_to(request.user).with_people().filter(pk=pk).first()
    if handoff is None:
        raise Http404
    return handoff


def list_context(request: HttpRequest) -> dict[str, Any]:
    rep, reps = _rep_filter(request)
    return {
        "groups": groups(request.user, database_now(), rep),
        "rep": rep,
        "reps": reps,
        "query": urlencode({"rep": rep.pk}) if rep else "",
    }


def _rep_filter(request: HttpRequest) -> tuple[User | None, list[User]]:
    """Managers look at one rep or at all; a rep sees their own whatever the address says."""
    if request.user.is_rep:  # type: ignore[union-attr]
        return None, []
    reps = list(User.objects.reps().order_by("name", "pk"))
    wanted = request.GET.get("rep", "")
    return next((rep for rep in reps if str(rep.pk) == wanted), None), reps


def first_of(found: list[Any]) -> Handoff | None:
    return next((item.handoff for group in found for item in group.items), None)


def inbox_url(request: HttpRequest, handoff: Handoff | None = None) -> str:
    url = reverse("handoff:inbox_detail", args=[handoff.pk]) if handoff else reverse("handoff:inbox")
    rep = request.GET.get("rep", "")
    return f"{url}?{urlencode({'rep': rep})}" if rep.isdecimal() else url


def detail_context(request: HttpRequest, handoff: Handoff) -> dict[str, Any]:
    now = database_now()
    clocks = {clock.kind: clock for clock in SlaClock.objects.filter(handoff=handoff)}
    accept, touch = clocks.get(Kind.ACCEPT), clocks.get(Kind.FIRST_TOUCH)
    decision = clocks.get(Kind.DISPOSITION)
    open_cycle = handoff.cycle.closed_at is None
    answerable = handoff.answerable_by(request.user)
    return {
        "handoff": handoff,
        "lead": handoff.lead,
        "reasons": chips(handoff.cycle.reason),
        "clocks": [
            ("inbox", "Accept or reject", accept, face(accept, now, met="Answered")),
            ("phone", "First touch", touch, face(touch, now, met="First touch met")),
            ("handshake", "Decide", decision, face(decision, now, met="Decided")),
        ],
        **pausing(clocks.values(), now, acts=answerable and open_cycle),
        "former": _former_cycles(handoff),
        "activities": _activities(handoff),
        "deal": Opportunity.objects.visible_to(request.user).filter(handoff=handoff).first(),
        "may_answer": answerable and handoff.is_open and open_cycle,
        "may_touch": answerable and bool(handoff.accepted_at) and open_cycle,
        "may_move": request.user.leads_sales and handoff.is_open and open_cycle,  # type: ignore[union-attr]
        "inbox_query": urlencode({"rep": request.GET["rep"]}) if request.GET.get("rep") else "",
        "back_url": inbox_url(request),
    }


def _former_cycles(handoff: Handoff) -> list[QualificationCycle]:
    """What became of this lead before; the rep who gets it now must know."""
    cycles = QualificationCycle.objects.filter(lead=handoff.lead, n__lt=handoff.cycle.n)
    return list(cycles.select_related("closed_by").order_by("-n")[:5])


def _activities(handoff: Handoff) -> list[Activity]:
    return list(
        Activity.objects.filter(lead=handoff.lead).select_related("shape").newest_first()[:ACTIVITIES]
    )
