"""The list of campaigns, one campaign's life, and taking people out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import roles
from nurturing import figures, kinds, programmes, reporting
from nurturing.forms import CampaignForm, NewCampaignForm
from nurturing.models import Campaign, Enrolment
from nurturing.pages import page
from nurturing.services import campaigns, enrolments, templates
from nurturing.views.finding import found_campaign
from scoring.shares import Share


@roles("marketer")
@require_GET
def campaign_list(request: HttpRequest) -> HttpResponse:
    state, q = request.GET.get("state", ""), request.GET.get("q", "").strip()[:150]
    rows = figures.with_numbers(Campaign.objects.visible_to(request.user))
    if state in Campaign.State.values:
        rows = rows.filter(state=state)
    if q:
        rows = rows.filter(name__icontains=q.replace("\x00", ""))
    tabs = [
        {"url": f"?state={tab['state']}" if tab["state"] else "?", "current": tab["state"] == state, **tab}
        for tab in figures.tabs()
    ]
    shown = page(request, rows)
    context = {
        "page": shown,
        "rows": _with_lately(shown.rows),
        "tabs": tabs,
        "q": q,
        "state": state,
        "today": figures.today(),
        "trouble": figures.trouble(),
        "kept": [{"name": "state", "value": state}] if state else [],
    }
    return render(request, "nurturing/campaigns.html", context)


def _with_lately(rows: list[Any]) -> list[tuple[Any, figures.Lately, reporting.Figure]]:
    found = figures.lately(rows)
    goals = [reporting.Figure("", row.reached, Share(row.reached, row.entered)) for row in rows]
    return [(row, found[row.pk], goal) for row, goal in zip(rows, goals, strict=True)]


@roles("marketer")
@require_http_methods(["GET", "POST"])
def campaign_new(request: HttpRequest) -> HttpResponse:
    form = NewCampaignForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return redirect("nurturing:campaign", _made(request, **form.cleaned_data).pk)
    previews = [
        (each, [(depth, _line_words(step)) for depth, step in programmes.lines(each.steps)])
        for each in programmes.PROGRAMMES.values()
    ]
    context = {"form": form, "programmes": previews}
    return render(request, "nurturing/new.html", context, status=422 if form.is_bound else 200)


@transaction.atomic
def _made(request: HttpRequest, *, start: str, **values: Any) -> Campaign:
    campaign = campaigns.create(actor=request.user, **values)
    if start:
        templates.fill(version=campaigns.draft_of(campaign), programme=programmes.PROGRAMMES[start])
    return campaign


def _line_words(step: programmes.Step) -> str:
    subject = step[1] if step[0] == "email" else ""
    return kinds.title(step[0], {} if subject else step[1], subject)


@roles("marketer")
@require_http_methods(["GET", "POST"])
def campaign_settings(request: HttpRequest, pk: int) -> HttpResponse:
    campaign = found_campaign(request, pk)
    form = CampaignForm(request.POST or None, instance=campaign)
    if request.method == "POST" and form.is_valid():
        campaigns.change(campaign=Campaign.objects.get(pk=pk), **form.cleaned_data)
        messages.success(request, "Saved.")
        return redirect("nurturing:campaign", pk)
    title = f"Settings of {Campaign.objects.get(pk=pk)}"
    return _form_page(request, form, title, "Save", reverse("nurturing:campaign", args=(pk,)))


@roles("marketer")
@require_POST
def campaign_state(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """publish, pause, resume, end or discard; refused in words when the campaign is not in a state for it."""
    campaign = found_campaign(request, pk)
    try:
        messages.success(request, _VERBS[verb](campaign, request.user))
    except campaigns.CannotPublish as refusal:
        for problem in refusal.problems[:5]:
            place = f"Step {problem.step}: " if problem.step else ""
            messages.error(request, f"Not published. {place}{problem.text}")
    except campaigns.NotPossible as refusal:
        messages.error(request, str(refusal))
    return redirect("nurturing:campaign", pk)


def _publish(campaign: Campaign, actor: Any) -> str:
    version = campaigns.publish_version(campaign=campaign, actor=actor)
    return f"Version {version.number} is live. New people follow it; those inside stay with theirs."


def _pause(campaign: Campaign, actor: Any) -> str:
    campaigns.pause(campaign)
    return "Paused. Nobody joins, moves on or is mailed until you resume."


def _resume(campaign: Campaign, actor: Any) -> str:
    campaigns.resume(campaign)
    return "Running again."


def _end(campaign: Campaign, actor: Any) -> str:
    return f"Ended. {campaigns.end(campaign)} people left; waiting mails will not be sent."


def _discard(campaign: Campaign, actor: Any) -> str:
    return "The draft is gone." if campaigns.discard_draft(campaign) else "There is no draft to discard."


_VERBS: dict[str, Callable[[Campaign, Any], str]] = {
    "publish": _publish,
    "pause": _pause,
    "resume": _resume,
    "end": _end,
    "discard": _discard,
}


@roles("marketer")
@require_POST
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    run = get_object_or_404(Enrolment.objects.visible_to(request.user), pk=pk)
    done = enrolments.stop_by_hand(enrolment=run, actor=request.user)
    messages.success(
        request, f"{run.lead.name[:80]} left the campaign." if done else "The run had ended already."
    )
    return redirect("nurturing:people", run.campaign_id)


def _form_page(request: HttpRequest, form: Any, title: str, verb: str, back: str) -> HttpResponse:
    status = 422 if form.is_bound else 200
    context = {"form": form, "title": title, "verb": verb, "back": back}
    return render(request, "nurturing/form.html", context, status=status)
