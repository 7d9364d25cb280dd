"""The flow map: every step of a version on one page, to be read."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.access import roles
from nurturing import blocks, mapping, segments, step_numbers
from nurturing.graph import Graph
from nurturing.services import campaigns
from nurturing.views.editor import STATE_TONES
from nurturing.views.finding import found_campaign, shown_version, tabs


@roles("marketer")
@require_GET
def flow(request: HttpRequest, pk: int) -> HttpResponse:
    campaign = found_campaign(request, pk)
    version = shown_version(campaign)
    around = campaigns.surroundings(version)
    steps = blocks.Page(Graph(version.steps.all()), step_numbers.by_key(campaign), around)
    ends = step_numbers.ends(campaign)
    context = {
        "campaign": campaign,
        "tone": STATE_TONES[campaign.state],
        "version": version,
        "lane": steps.root,
        "wide": mapping.WIDE,
        "high": mapping.HIGH,
        "map": mapping.drawn(steps.root) if steps.root.blocks else None,
        "enters": segments.sentence(campaign.segment.conditions, segments.registry()),
        "entered": sum(ends.values()),
        "reached": ends.get("goal", 0),
        "tabs": tabs(campaign, "map"),
    }
    return render(request, "nurturing/map.html", context)
