"""The dry run: what would happen to one lead from today."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.access import roles
from accounts.models import Organisation
from nurturing import content_pages, rehearsing
from nurturing.services import campaigns
from nurturing.views.editor import STATE_TONES
from nurturing.views.finding import found_campaign, shown_version, tabs


@roles("marketer")
@require_GET
def rehearsal(request: HttpRequest, pk: int) -> HttpResponse:
    campaign = found_campaign(request, pk)
    version = shown_version(campaign)
    asked = request.GET.get("lead", "").strip()[:254]
    lead, others = content_pages.preview_lead(request, campaign)
    context = {
        "campaign": campaign,
        "tone": STATE_TONES[campaign.state],
        "tabs": tabs(campaign, "campaign"),
        "version": version,
        "asked": asked,
        "others": others,
        "lead": lead if lead.pk else None,
    }
    if lead.pk:
        ours = Organisation.current().time_zone
        around = campaigns.surroundings(version)
        context["run"] = rehearsing.Rehearsal(version, lead, timezone.now(), around, ours)
        context["against"] = rehearsing.against(campaign, lead)
    return render(request, "nurturing/rehearsal.html", context)
