"""Campaigns and steps by their addresses: what somebody may not see is not found."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse

from nurturing.models import Campaign, CampaignVersion, Step
from nurturing.services import campaigns

PAGES = (
    ("campaign", "Steps"),
    ("map", "Map"),
    ("report", "Report"),
    ("people", "People"),
    ("history", "History"),
    ("settings", "Settings"),
)


def found_campaign(request: HttpRequest, pk: int) -> Campaign:
    return get_object_or_404(Campaign.objects.visible_to(request.user).select_related("segment"), pk=pk)


def found_step(request: HttpRequest, pk: int) -> Step:
    mine = Campaign.objects.visible_to(request.user)
    rows = Step.objects.select_related("version__campaign__segment").filter(version__campaign__in=mine)
    return get_object_or_404(rows, pk=pk)


def draft_step(request: HttpRequest, pk: int) -> Step:
    """A frozen step is found, but nothing about it can be changed: as if it were not there."""
    chosen = found_step(request, pk)
    if chosen.version.frozen_at is not None:
        raise Http404
    return chosen


def shown_version(campaign: Campaign) -> CampaignVersion:
    """The draft if there is one, else what runs."""
    return campaign.versions.order_by("-number").first() or campaigns.draft_of(campaign)


def tabs(campaign: Campaign, current: str) -> list[dict[str, Any]]:
    return [
        {
            "url": reverse(f"nurturing:{name}", args=(campaign.pk,)),
            "label": label,
            "current": name == current,
            "count": None,
        }
        for name, label in PAGES
    ]
