"""Who changed a campaign, and when."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware
from django.views.decorators.http import require_GET

from accounts.access import roles
from nurturing import chronicle
from nurturing.views.editor import STATE_TONES
from nurturing.views.finding import found_campaign, tabs


@roles("marketer")
@require_GET
def history(request: HttpRequest, pk: int) -> HttpResponse:
    campaign, until = found_campaign(request, pk), _until(request.GET.get("until", ""))
    context = {
        "campaign": campaign,
        "tone": STATE_TONES[campaign.state],
        "chapter": chronicle.chapter(campaign, until),
        "later": until is not None,
        "tabs": tabs(campaign, "history"),
    }
    return render(request, "nurturing/history.html", context)


def _until(text: str) -> datetime | None:
    """A cursor that is no instant gives the newest page."""
    try:
        found = parse_datetime(text[:40])
    except ValueError:
        return None
    return found if found is not None and is_aware(found) else None
