"""Versions of a campaign: what changed, and moving people from older ones to the running one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import roles
from nurturing import comparing
from nurturing.graph import Graph
from nurturing.models import Campaign, CampaignVersion, Step
from nurturing.services import moving_people
from nurturing.services.drafting import NotPossible
from nurturing.views.editor import STATE_TONES, compared
from nurturing.views.finding import found_campaign, shown_version, tabs

LEAVE = "leave"


@roles("marketer")
@require_GET
def compare(request: HttpRequest, pk: int) -> HttpResponse:
    campaign = found_campaign(request, pk)
    new, running = shown_version(campaign), _running(campaign)
    older = running if running and running.pk != new.pk else _before(new)
    found = compared(older, new) if older else []
    signs = {comparing.ADD: "+", comparing.DELETE: "−", comparing.MODIFY: "~"}
    context = {
        "campaign": campaign,
        "tone": STATE_TONES[campaign.state],
        "tabs": tabs(campaign, "campaign"),
        "older": older,
        "newer": new,
        "changes": [(signs[change.op], change) for change in found],
    }
    return render(request, "nurturing/compare.html", context)


@roles("marketer")
@require_http_methods(["GET", "POST"])
def move(request: HttpRequest, pk: int) -> HttpResponse:
    campaign = found_campaign(request, pk)
    target = _running(campaign)
    if target is None:
        raise Http404
    rows = _rows(campaign, target, request.POST)
    missing = [row for row in rows if row["answer"] == ""] if request.method == "POST" else []
    if request.method == "POST" and not missing:
        return _asked(request, campaign, target, rows)
    context = {
        "campaign": campaign,
        "tone": STATE_TONES[campaign.state],
        "tabs": tabs(campaign, "campaign"),
        "target": target,
        "rows": rows,
        "missing": {row["key"] for row in missing},
        "choices": [(str(line.step.key), f"{line.number}. {line.step.title}") for line in _lines(target)],
        "people": sum(row["people"] for row in rows),
        "last": campaign.moves.select_related("target", "asked_by").first(),
    }
    return render(request, "nurturing/move.html", context, status=422 if missing else 200)


def _asked(
    request: HttpRequest, campaign: Campaign, target: CampaignVersion, rows: list[dict[str, Any]]
) -> HttpResponse:
    steps = {row["key"]: "" if row["answer"] == LEAVE else row["answer"] for row in rows}
    try:
        moving_people.ask(campaign=campaign, target=target, steps=steps, actor=request.user)
    except NotPossible as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(
            request, f"People are being moved to version {target.number}. Nobody gets a mail twice."
        )
    return redirect("nurturing:move", campaign.pk)


def _rows(campaign: Campaign, target: CampaignVersion, typed: Any) -> list[dict[str, Any]]:
    """One row for each step of versions that somebody is still in; by default the same step of the new version."""
    people, kept = moving_people.standing(campaign, target), {str(step.key) for step in target.steps.all()}
    occupied = moving_people.behind(campaign, target).order_by().values("version").distinct()
    steps = (
        Step.objects.filter(version__in=occupied).select_related("version").order_by("-version__number", "pk")
    )
    rows: dict[str, dict[str, Any]] = {}
    for step in steps:
        key = str(step.key)
        answer = typed.get(f"to_{key}", "") if typed else (key if key in kept else "")
        known = answer in kept or answer == LEAVE
        rows.setdefault(
            key,
            {
                "key": key,
                "title": step.title,
                "version": step.version.number,
                "people": people.get(key, 0),
                "answer": answer if known else "",
            },
        )
    return list(rows.values())


def _lines(version: CampaignVersion) -> list[Any]:
    return Graph(version.steps.all()).lines()


def _running(campaign: Campaign) -> CampaignVersion | None:
    return campaign.versions.filter(frozen_at__isnull=False).order_by("-number").first()


def _before(version: CampaignVersion) -> CampaignVersion | None:
    older = version.campaign.versions.filter(number__lt=version.number, frozen_at__isnull=False)
    return older.order_by("-number").first()
