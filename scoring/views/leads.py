"""A lead's score with its reasons: the card of the lead page, and the few lines behind a pill."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET

from leads.models import Lead
from scoring import charts
from scoring.explain import NothingPublished, explain
from scoring.forecast import QUICK
from scoring.lookback import scored_by
from scoring.presentation import brief_of, groups_of, outlook_of

DAYS = {"30": 30, "90": 90, "all": 3650}


def lead_of(request: HttpRequest, lead_pk: int) -> Lead:
    return get_object_or_404(Lead.objects.visible_to(request.user).with_score(), pk=lead_pk)


@login_required
@require_GET
def panel(request: HttpRequest, lead_pk: int) -> HttpResponse:
    """The score card of the lead page: the course of the score, and why it is what it is."""
    lead = lead_of(request, lead_pk)
    asked = request.GET.get("days", "")
    span = asked if asked in DAYS else "90"
    context = {
        "lead": lead,
        "span": span,
        "spans": [("30", "30 d"), ("90", "90 d"), ("all", "All")],
        "history": charts.history(lead, days=DAYS[span]),
    }
    template = "scoring/_panel.html" if request.wants_fragment else "scoring/panel.html"  # type: ignore[attr-defined]
    return render(request, template, context | _explained(lead))


def _explained(lead: Lead) -> dict[str, object]:
    try:
        found = explain(lead, version=scored_by(lead))
    except NothingPublished:
        return {"explanation": None}
    outlook = outlook_of(found, is_qualified(lead), QUICK)
    return {"explanation": found, "groups": groups_of(found), "outlook": outlook}


def is_qualified(lead: Lead) -> bool:
    """As stored: once in, a lead stays in down to the margin."""
    return hasattr(lead, "score") and lead.score.qualified


@login_required
@require_GET
def why(request: HttpRequest, lead_pk: int) -> HttpResponse:
    """The strongest lines, for the popover of a pill. Asked for as a page it leads to the whole."""
    lead = lead_of(request, lead_pk)
    if not request.wants_fragment:  # type: ignore[attr-defined]
        return redirect("scoring:explanation", lead.pk)
    try:
        found = explain(lead, version=scored_by(lead))
    except NothingPublished:
        return render(request, "scoring/_why.html", {"lead": lead})
    return render(
        request, "scoring/_why.html", {"lead": lead, "explanation": found, "brief": brief_of(found)}
    )
