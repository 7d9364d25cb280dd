"""The editor: a line of steps, the chosen one beside it. Each change answers with the whole editor again."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import roles
from nurturing import content_pages, figures, segments
from nurturing.content_forms import ContentForm
from nurturing.forms import WaitForm
from nurturing.graph import Graph
from nurturing.models import Campaign, CampaignVersion, Step
from nurturing.services import campaigns, drafting
from nurturing.views.campaigns import STATE_TONES, _campaign, _tabs

ADD_KINDS = (("email", "Add e-mail", "mail"), ("wait", "Add wait", "hourglass"))


@roles("marketer")
@require_GET
def editor(request: HttpRequest, pk: int) -> HttpResponse:
    campaign = _campaign(request, pk)
    version = _shown_version(campaign)
    wanted = request.GET.get("step", "")
    chosen = version.steps.filter(pk=int(wanted)).first() if wanted.isdecimal() and len(wanted) < 19 else None
    return _editor(request, campaign, version, chosen or Graph(version.steps.all()).first())


@roles("marketer")
@require_POST
def draft(request: HttpRequest, pk: int) -> HttpResponse:
    campaign = _campaign(request, pk)
    try:
        campaigns.draft_of(campaign)
    except campaigns.NotPossible as refusal:
        messages.error(request, str(refusal))
    return redirect("nurturing:campaign", pk)


@roles("marketer")
@require_POST
def add(request: HttpRequest, pk: int) -> HttpResponse:
    campaign = _campaign(request, pk)
    kind = request.POST.get("kind")
    if kind not in [key for key, _, _ in ADD_KINDS]:
        raise Http404
    try:
        version = campaigns.draft_of(campaign)
        step = drafting.add_step(version=version, kind=kind)
    except campaigns.NotPossible as refusal:
        messages.error(request, str(refusal))
        return redirect("nurturing:campaign", pk)
    return _changed(request, campaign, step)


@roles("marketer")
@require_http_methods(["GET", "POST"])
def step(request: HttpRequest, pk: int) -> HttpResponse:
    chosen = _draft_step(request, pk) if request.method == "POST" else _step(request, pk)
    campaign = chosen.version.campaign
    if request.method == "GET":
        return redirect(_address(campaign, chosen))
    form = _form(chosen, request.POST)
    if form is None:
        raise Http404
    if not form.is_valid():
        return _editor(request, campaign, chosen.version, Step.objects.get(pk=pk), form, status=422)
    drafting.change_step(step=chosen, settings={"minutes": form.minutes})
    return _changed(request, campaign, chosen)


@roles("marketer")
@require_POST
def move(request: HttpRequest, pk: int, way: str) -> HttpResponse:
    chosen = _draft_step(request, pk)
    drafting.move_step(step=chosen, up=way == "up")
    return _changed(request, chosen.version.campaign, chosen)


@roles("marketer")
@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    chosen = _draft_step(request, pk)
    campaign = chosen.version.campaign
    drafting.remove_step(step=chosen)
    return _changed(request, campaign, None)


def _editor(
    request: HttpRequest,
    campaign: Campaign,
    version: CampaignVersion,
    chosen: Step | None,
    form: Any = None,
    status: int = 200,
) -> HttpResponse:
    editing = version.frozen_at is None
    numbers = figures.step_numbers(version)
    steps = [(line.step, numbers.get(line.step.pk, {})) for line in Graph(version.steps.all()).lines()]
    running = campaign.versions.filter(frozen_at__isnull=False).first()
    context = {
        "campaign": campaign,
        "version": version,
        "running": running,
        "editing": editing,
        "steps": steps,
        "chosen": chosen,
        "form": form or (_form(chosen) if chosen and editing else None),
        "tone": STATE_TONES[campaign.state],
        "tabs": _tabs(campaign, "campaign"),
        "enters": segments.sentence(campaign.segment.conditions, segments.registry()),
        "inside": campaign.enrolments.active().count(),
        "problems": campaigns.problems(version) if editing else [],
        "trouble": figures.trouble(),
        "add_kinds": ADD_KINDS,
        **_content(request, chosen, form, editing=editing),
    }
    template = "nurturing/_editor_answer.html" if request.wants_fragment else "nurturing/editor.html"  # type: ignore[attr-defined]
    return render(request, template, context, status=status)


def _content(request: HttpRequest, chosen: Step | None, form: Any, *, editing: bool) -> dict[str, Any]:
    """What nurturing/content/_editor.html and _preview.html need."""
    if chosen is None or chosen.kind != Step.Kind.EMAIL:
        return {}
    shown = form if isinstance(form, ContentForm) else ContentForm(chosen)
    return content_pages.seen(request, chosen) | (content_pages.editor(chosen, shown) if editing else {})


def _changed(request: HttpRequest, campaign: Campaign, chosen: Step | None) -> HttpResponse:
    if request.wants_fragment:  # type: ignore[attr-defined]
        version = campaigns.draft_of(campaign)
        chosen = Step.objects.filter(pk=chosen.pk).first() if chosen else Graph(version.steps.all()).first()
        return _editor(request, campaign, version, chosen)
    return redirect(_address(campaign, chosen))


def _address(campaign: Campaign, chosen: Step | None) -> str:
    address = reverse("nurturing:campaign", args=(campaign.pk,))
    return f"{address}?step={chosen.pk}" if chosen else address


def _form(chosen: Step, data: Any = None) -> Any:
    """Of a wait; a mail's is nurturing.content_forms."""
    if chosen.kind == Step.Kind.EMAIL:
        return None
    return WaitForm(data) if data is not None else WaitForm.showing(chosen.settings.get("minutes") or 1)


def _step(request: HttpRequest, pk: int) -> Step:
    mine = Campaign.objects.visible_to(request.user)
    rows = Step.objects.select_related("version__campaign__segment").filter(version__campaign__in=mine)
    return get_object_or_404(rows, pk=pk)


def _draft_step(request: HttpRequest, pk: int) -> Step:
    """A frozen step is found, but nothing about it can be changed: as if it were not there."""
    chosen = _step(request, pk)
    if chosen.version.frozen_at is not None:
        raise Http404
    return chosen


def _shown_version(campaign: Campaign) -> CampaignVersion:
    """The draft if there is one, else what runs."""
    return campaign.versions.order_by("-number").first() or campaigns.draft_of(campaign)
