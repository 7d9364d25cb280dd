"""A lead's score with its reasons."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_GET

from leads.models import Lead
from scoring import charts
from scoring.explain import NothingPublished, explain
from scoring.presentation import groups_of

DAYS = {"30": 30, "90": 90, "all": 3650}


@login_required
@require_GET
def panel(request: HttpRequest, lead_pk: int) -> HttpResponse:
    """The score card of the lead page: the course of the score, and why it is what it is."""
    lead = get_object_or_404(Lead.objects.visible_to(request.user).with_score(), pk=lead_pk)
    asked = request.GET.get("days", "")
    span = asked if asked in DAYS else "90"
    history = charts.history(lead, days=DAYS[span])
    context = {
        "lead": lead,
        "span": span,
        "spans": [("30", "30 d"), ("90", "90 d"), ("all", "All")],
        "history": history,
    }
    return render(request, _template(request, "panel"), context | _explained(lead, None))


@login_required
@require_GET
def explanation(request: HttpRequest, lead_pk: int) -> HttpResponse:
    """Every line of a score, now or at the end of a date."""
    lead = get_object_or_404(Lead.objects.visible_to(request.user).with_score(), pk=lead_pk)
    moment, problem = _as_of(request.GET.get("as_of", ""))
    context = {"lead": lead, "as_of": moment, "problem": problem}
    return render(request, _template(request, "explanation"), context | _explained(lead, moment))


def _template(request: HttpRequest, name: str) -> str:
    return f"scoring/_{name}.html" if request.wants_fragment else f"scoring/{name}.html"  # type: ignore[attr-defined]


def _explained(lead: Lead, moment: datetime | None) -> dict[str, object]:
    try:
        found = explain(lead, as_of=moment)
    except NothingPublished:
        return {"explanation": None}
    return {"explanation": found, "groups": groups_of(found)}


def _as_of(text: str) -> tuple[datetime | None, str]:
    """The end of that day in UTC; a future day is today, and a wrong one is named."""
    if not text:
        return None, ""
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None:
        return None, f"“{text[:40]}” is not a date. Today is shown; write a date as 2026-11-17."
    end = datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=timezone.get_default_timezone())
    return (end, "") if end < timezone.now() else (None, "")
