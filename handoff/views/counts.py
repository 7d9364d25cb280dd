"""The numbers in the navigation, fetched once a page and refreshed beside every decision."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from handoff import counting
from handoff.models import Handoff, Notification, SlaClock


@login_required
@require_GET
def counts(request: HttpRequest) -> HttpResponse:
    return render(request, "handoff/_counts.html", counts_of(request.user))


def counts_of(user: Any) -> dict[str, Any]:
    """What waits for this person: by name of the counter; 1 query."""
    questions: dict[str, QuerySet] = {}
    if not user.is_rep:
        questions["queue"] = SlaClock.objects.visible_to(user).waiting_for_hand_off()
    if user.is_rep or user.leads_sales:
        questions["inbox"] = Handoff.objects.visible_to(user).open().filter(cycle__closed_at=None)
    questions["notifications"] = Notification.objects.visible_to(user).unread()
    found = counting.counts(questions)
    found["bell"] = found["notifications"]  # a narrow screen shows it at the top, beside the closed menu
    return {"counts": {name: counting.words(count) if count else "" for name, count in found.items()}}
