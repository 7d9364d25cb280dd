"""How well the rules in force do, and what would do better."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts.access import roles
from scoring.health.page import OUTCOMES, page_of
from scoring.models import HealthReport, ModelVersion, Suggestion
from scoring.services import health as reports
from scoring.services import suggestions


@roles("marketer", "manager")
@require_GET
def health(request: HttpRequest) -> HttpResponse:
    outcome = request.GET.get("outcome", "")
    outcome = outcome if outcome in OUTCOMES else "sql"
    newest = HealthReport.objects.first()
    done = reports.measured_apart().filter(finished_at__isnull=False, error="")
    report = done.select_related("version").first()
    context = {
        "version": ModelVersion.objects.published(),
        "newest": newest,
        "page": page_of(report, outcome) if report else None,
        "tabs": _tabs(outcome),
    }
    return render(request, "scoring/health.html", context)


def _tabs(outcome: str) -> list[dict[str, Any]]:
    return [
        {"url": f"?outcome={name}", "label": label, "current": name == outcome}
        for name, label in OUTCOMES.items()
    ]


@roles("marketer", "manager")
@require_POST
def ask(request: HttpRequest) -> HttpResponse:
    try:
        reports.ask(actor=request.user)
    except (reports.AlreadyAsked, reports.NothingPublished) as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(request, "The rules are being looked over. Nothing changes for anybody by that.")
    return redirect("scoring:health")


@roles()
@require_POST
def draft(request: HttpRequest, pk: int) -> HttpResponse:
    suggestion = get_object_or_404(Suggestion, pk=pk)
    try:
        made = suggestions.open_as_draft(suggestion=suggestion, actor=request.user)
    except suggestions.OutOfDate as refusal:
        messages.error(request, str(refusal))
        return redirect("scoring:health")
    messages.success(request, f"Draft {made.number} has this change. Nothing changes until it is published.")
    return redirect(reverse("admin:scoring_modelversion_change", args=[made.pk]))
