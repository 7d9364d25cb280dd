"""What a campaign changes, against those it held out."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from accounts.access import roles
from nurturing import experiments, lifts
from nurturing.models import Campaign


@roles("marketer")
@require_GET
def lift(request: HttpRequest, pk: int) -> HttpResponse:
    """A section of the report, or a page of its own."""
    campaign = get_object_or_404(Campaign.objects.visible_to(request.user), pk=pk)
    context = {
        "campaign": campaign,
        "lift": lifts.lift_of(campaign),
        "least": experiments.LEAST,
        "cases": experiments.CASES,
    }
    fragment = request.wants_fragment  # type: ignore[attr-defined]
    return render(request, "nurturing/_lift.html" if fragment else "nurturing/lift.html", context)
