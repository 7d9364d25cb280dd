"""Why is this lead here: one run through a campaign, step by step."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from leads.models import Lead
from nurturing import trails
from nurturing.models import Enrolment, Message


@login_required
@require_GET
def trail(request: HttpRequest, pk: int) -> HttpResponse:
    """Whoever may see the lead may read it."""
    mine = Enrolment.objects.visible_to(request.user).filter(lead__in=Lead.objects.visible_to(request.user))
    rows = mine.select_related("lead", "campaign", "version", "step", "enrolled_by").prefetch_related(
        Prefetch("messages", Message.objects.select_related("step").order_by("pk"))
    )
    run = get_object_or_404(rows, pk=pk)
    context = {"run": run, "lead": run.lead, "stops": trails.stops(run), "next": trails.next_words(run)}
    return render(request, "nurturing/trail.html", context)
