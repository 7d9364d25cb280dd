"""The editor's page: the steps as nested lists, the chosen one beside them. Every answer is the whole of it again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from nurturing import blocks, comparing, content_pages, explaining, figures, kinds, segments, step_numbers
from nurturing.content_forms import ContentForm
from nurturing.graph import Graph
from nurturing.models import Campaign, CampaignVersion, Step
from nurturing.services import campaigns, contests, drafting, editing, moving_people
from nurturing.services.steps import DOERS
from nurturing.step_forms import FORMS
from nurturing.views.finding import found_campaign, shown_version, tabs

STATE_TONES = {
    "draft": ("", "pencil"),
    "active": ("good", "play"),
    "paused": ("warn", "pause"),
    "ended": ("", "flag"),
}
PARTS = (("content", "Content"), ("numbers", "Numbers"), ("rules", "Rules"))
UNTYPED = ("csrfmiddlewaretoken", "seen", "campaign", "do")
TOOLS = (
    ("nurturing:step_up", "arrow-up", "Move up"),
    ("nurturing:step_down", "arrow-down", "Move down"),
    ("nurturing:step_copy", "copy", "Copy"),
    ("nurturing:step_removal", "trash-2", "Remove"),
)


def show(
    request: HttpRequest, campaign: Campaign, chosen: Step | None, form: Any = None, status: int = 200
) -> HttpResponse:
    """`chosen`: a step of the version that is shown, or None for the first."""
    version = chosen.version if chosen else shown_version(campaign)
    graph = Graph(version.steps.all())
    chosen = graph.steps.get(chosen.pk) if chosen else graph.first()
    context = _page(campaign, version, graph)
    if chosen is not None:
        chosen.version = version
        version.campaign = campaign
        context |= _inspected(request, context, chosen, form)
    fragment = request.wants_fragment  # type: ignore[attr-defined]
    template = "nurturing/_editor_answer.html" if fragment else "nurturing/editor.html"
    return render(request, template, context, status=status)


def numbers(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """Only what is counted, to be put in place of the old numbers."""
    context = _page(campaign, shown_version(campaign), None)
    return render(request, "nurturing/_numbers.html", context)


def changed(request: HttpRequest, campaign: Campaign, chosen: Step | None) -> HttpResponse:
    """After a change: the editor again for htmx, else back to it."""
    if not request.wants_fragment:  # type: ignore[attr-defined]
        return redirect(address(campaign, chosen))
    chosen = Step.objects.select_related("version__campaign").filter(pk=chosen.pk).first() if chosen else None
    answer = show(request, campaign, chosen)
    if chosen is not None:
        answer["HX-Push-Url"] = address(campaign, chosen)
    return answer


def gone(request: HttpRequest) -> HttpResponse:
    """Somebody removed or published the step that this form belonged to: what was typed is shown once more."""
    wanted = request.POST.get("campaign", "")
    campaign = found_campaign(request, int(wanted) if wanted.isdecimal() and len(wanted) < 19 else 0)
    named = [name for name in request.POST if name not in UNTYPED]
    typed = [(name, ", ".join(filter(None, request.POST.getlist(name)))) for name in named]
    context = {
        "campaign": campaign,
        "typed": [(name.replace("_", " ").capitalize(), value) for name, value in typed if value],
    }
    fragment = request.wants_fragment  # type: ignore[attr-defined]
    template = "nurturing/_step_gone.html" if fragment else "nurturing/step_gone.html"
    return render(request, template, context, status=409)


def address(campaign: Campaign, chosen: Step | None) -> str:
    page = reverse("nurturing:campaign", args=(campaign.pk,))
    return f"{page}?step={chosen.pk}" if chosen else page


def form_of(chosen: Step, around: kinds.Surroundings, data: Any = None) -> Any:
    """None for a mail: nurturing.content_forms has its own."""
    if chosen.kind not in FORMS:
        return None
    if chosen.kind == Step.Kind.SPLIT:
        around = replace(around, arms_ever=campaigns.arms_ever(chosen))
    form = FORMS[chosen.kind](data, settings=chosen.settings, around=around)
    form.seen = editing.token(chosen) if data is None else str(data.get("seen", ""))[:20]
    return form


def addable() -> list[kinds.Kind]:
    """Kinds that can be added: those that do something and can be set."""
    return [kind for key, kind in kinds.KINDS.items() if key in DOERS and (key in FORMS or key == "email")]


def compared(old: CampaignVersion, new: CampaignVersion) -> list[comparing.Change]:
    return comparing.changes(drafting.snapshot(old), drafting.snapshot(new))


def _page(campaign: Campaign, version: CampaignVersion, graph: Graph | None) -> dict[str, Any]:
    graph = graph or Graph(version.steps.all())
    editing, around = version.frozen_at is None, campaigns.surroundings(version)
    problems = campaigns.problems(version) if editing else []
    counted, ends = step_numbers.by_key(campaign), step_numbers.ends(campaign)
    page = blocks.Page(graph, counted, around, [problem.step_id for problem in problems])
    entered = sum(ends.values())
    running = campaign.versions.filter(frozen_at__isnull=False).order_by("-number").first()
    return {
        "campaign": campaign,
        "version": version,
        "running": running,
        "changes": len(compared(running, version)) if running and editing else None,
        "behind": moving_people.behind(campaign, running).count() if running else 0,
        "can_undo": editing and version.changes.filter(undone=False).exists(),
        "can_redo": editing and version.changes.filter(undone=True).exists(),
        "editing": editing,
        "around": around,
        "steps": page,
        "lane": page.root,
        "tone": STATE_TONES[campaign.state],
        "tabs": tabs(campaign, "campaign"),
        "enters": segments.sentence(campaign.segment.conditions, segments.registry()),
        "inside": ends.get("", 0),
        "entered": entered,
        "reached": ends.get("goal", 0),
        "reached_share": 100 * ends.get("goal", 0) / entered if entered else None,
        "problems": problems,
        "trouble": figures.trouble(),
        "add_kinds": addable(),
    }


def _inspected(request: HttpRequest, page: dict[str, Any], chosen: Step, form: Any) -> dict[str, Any]:
    steps = page["steps"]
    found = {
        "chosen": chosen,
        "parts": PARTS,
        "tools": TOOLS,
        "chosen_number": steps.lines[chosen.pk].number,
        "chosen_icon": blocks.icon_of(chosen),
        "chosen_problems": [problem for problem in page["problems"] if problem.step_id == chosen.pk],
        "chosen_figures": explaining.figures_of(chosen, steps),
        "contest": contests.told(chosen) if chosen.kind == Step.Kind.SPLIT else "",
        "rules": explaining.rules_of(chosen, steps),
        "places": steps.places(chosen) if page["editing"] else [],
        "form": _settings_form(form) or (form_of(chosen, page["around"]) if page["editing"] else None),
    }
    return found | _content(request, chosen, form, editing=page["editing"])


def _settings_form(form: Any) -> Any:
    """A mail's own form stands apart: a webinar has both."""
    return None if isinstance(form, ContentForm) else form


def _content(request: HttpRequest, chosen: Step, form: Any, *, editing: bool) -> dict[str, Any]:
    """What nurturing/content/_editor.html and _preview.html need."""
    if not chosen.is_mail:
        return {}
    shown = form if isinstance(form, ContentForm) else ContentForm(chosen)
    return content_pages.seen(request, chosen) | (content_pages.editor(chosen, shown) if editing else {})
