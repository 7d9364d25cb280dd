"""What is known of budget, authority, need and timing: read and written by whoever sees the lead."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from handoff.evidence import card
from handoff.evidence_forms import EvidenceForm
from handoff.services.qualification import record_evidence
from handoff.views import answers
from leads.models import Lead


@login_required
@require_GET
def evidence(request: HttpRequest, lead_pk: int) -> HttpResponse:
    lead = find_lead(request, lead_pk)
    if request.wants_fragment:  # type: ignore[attr-defined]
        return render(request, "handoff/_bant.html", {"lead": lead, "card": card(lead), "key": "b"})
    return render(request, "handoff/evidence.html", {"lead": lead})


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, lead_pk: int) -> HttpResponse:
    lead = find_lead(request, lead_pk)
    form = EvidenceForm(request.POST if request.method == "POST" else None, lead=lead)
    url = reverse("handoff:evidence", args=[lead.pk])
    if not form.is_valid():
        context = {"lead": lead, "action": request.path, "back_url": url}
        return answers.dialog(request, "handoff/_bant_form.html", "Qualification", context, form)
    rows = record_evidence(lead=lead, said=form.said, actor=request.user)
    words = f"Qualification of {lead.name} saved." if rows else "Nothing was new, so nothing was saved."
    if not request.wants_fragment:  # type: ignore[attr-defined]
        return answers.go(request, url, words)
    shown = ("handoff/_bant.html", {"lead": lead, "card": card(lead), "key": "b"})
    return answers.fragments(request, [shown, answers.toast(words)])


def find_lead(request: HttpRequest, pk: int) -> Lead:
    lead = Lead.objects.visible_to(request.user).filter(pk=pk).first()
    if lead is None:
        raise Http404
    return lead
