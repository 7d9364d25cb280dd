"""Why did, or didn't, this lead get a mail."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from leads.models import Lead
from nurturing import traces
from nurturing.models import Campaign, Enrolment
from nurturing.pages import page

RUNS = 10


@login_required
@require_GET
def trace(request: HttpRequest, lead_pk: int) -> HttpResponse:
    """Whoever may see the lead may read it; campaigns it never entered are marketing's."""
    lead = get_object_or_404(Lead.objects.visible_to(request.user), pk=lead_pk)
    runs = traces.with_mails(Enrolment.objects.visible_to(request.user).filter(lead=lead))
    shown = page(request, runs, RUNS)
    context = {
        "lead": lead,
        "page": shown,
        "runs": traces.traced(shown.rows),
        "refusals": traces.refusals(lead, Campaign.objects.all()) if not shown.previous_url else [],
    }
    return render(request, "nurturing/trace.html", context)
