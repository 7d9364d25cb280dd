"""A lead and its campaigns: the panel on the lead page, and enrolling by hand."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import roles
from leads.models import Lead
from nurturing import gates
from nurturing.models import Campaign, Enrolment, Message, SegmentMember
from nurturing.names import waiting_re_entries
from nurturing.services import enrolments

MOST_LEADS = 1000
SHOWN_RUNS = 20


@login_required
@require_GET
def panel(request: HttpRequest, lead_pk: int) -> HttpResponse:
    lead = get_object_or_404(gates.with_blocker(Lead.objects.visible_to(request.user)), pk=lead_pk)
    mails = Prefetch("messages", Message.objects.select_related("step").order_by("-pk"))
    runs = Enrolment.objects.visible_to(request.user).filter(lead=lead).order_by("-pk")
    context = {
        "lead": lead,
        "re_entries": waiting_re_entries(lead),
        "memberships": SegmentMember.objects.filter(lead=lead)
        .select_related("segment")
        .order_by("-pk")[:SHOWN_RUNS],
        "blocker": dict(Enrolment.Ended.choices).get(lead.blocker, ""),
        "runs": runs.select_related("campaign", "version").prefetch_related(mails)[:SHOWN_RUNS],
    }
    fragment = request.wants_fragment  # type: ignore[attr-defined]
    return render(request, "nurturing/_panel.html" if fragment else "nurturing/panel.html", context)


@roles("marketer")
@require_http_methods(["GET", "POST"])
def enrol(request: HttpRequest) -> HttpResponse:
    """Choose a running campaign for `lead` ids (repeated); a dialog by htmx, else a page with the same form."""
    asked = [int(pk) for pk in _asked(request) if pk.isdecimal() and len(pk) < 19]
    leads = Lead.objects.visible_to(request.user).filter(pk__in=asked[:MOST_LEADS])
    running = Campaign.objects.visible_to(request.user).filter(state=Campaign.State.ACTIVE).order_by("name")
    if request.method == "GET":
        return _enrol_form(request, leads, running)
    wanted = request.POST.get("campaign", "")
    campaign = running.filter(pk=int(wanted)).first() if wanted.isdecimal() and len(wanted) < 19 else None
    if campaign is None:
        return _enrol_form(request, leads, running, "Choose a campaign that is running.")
    return _enrolled(request, campaign, list(leads.values_list("pk", flat=True)))


def _asked(request: HttpRequest) -> list[str]:
    data = request.POST if request.method == "POST" else request.GET
    return [part for value in data.getlist("lead") for part in value.split(",")]


def _enrol_form(request: HttpRequest, leads: object, running: object, error: str = "") -> HttpResponse:
    context = {"leads": leads, "campaigns": running, "error": error, "next": _next(request)}
    fragment = request.wants_fragment  # type: ignore[attr-defined]
    template = "nurturing/_enrol.html" if fragment else "nurturing/enrol.html"
    response = render(request, template, context, status=422 if error else 200)
    if fragment and error:
        response["HX-Retarget"] = "#dialog"
    return response


def _enrolled(request: HttpRequest, campaign: Campaign, ids: list[int]) -> HttpResponse:
    try:
        added, skipped = enrolments.enrol(campaign=campaign, leads=ids, actor=request.user)
    except enrolments.NotRunning as refusal:
        words, tone = str(refusal), "error"
    else:
        left = (
            f" {skipped} left out: inside already, at the goal, held out, or must not be mailed."
            if skipped
            else ""
        )
        words, tone = f"{added} enrolled in {campaign.name[:80]}.{left}", ""
    if request.wants_fragment:  # type: ignore[attr-defined]
        return render(request, "nurturing/_enrolled.html", {"text": words, "tone": tone})
    (messages.error if tone else messages.success)(request, words)
    return redirect(_next(request) or "nurturing:campaigns")


def _next(request: HttpRequest) -> str:
    address = request.POST.get("next") or request.GET.get("next") or ""
    return address if url_has_allowed_host_and_scheme(address, {request.get_host()}) else ""
