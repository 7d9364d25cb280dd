"""What is new about a lead since sales last said no: for the next rep, and for marketing."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from handoff.changes import changes_of
from handoff.views.evidence import find_lead


@login_required
@require_GET
def changes(request: HttpRequest, lead_pk: int) -> HttpResponse:
    lead = find_lead(request, lead_pk)
    fragment = request.wants_fragment  # type: ignore[attr-defined]
    template = "handoff/_changes.html" if fragment else "handoff/changes.html"
    return render(request, template, {"lead": lead, "changes": changes_of(lead)})
