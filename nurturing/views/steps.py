"""Changes of a draft's steps. Each answers with the whole editor again."""

from __future__ import annotations

from contextlib import AbstractContextManager

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import roles
from nurturing import kinds
from nurturing.models import Campaign, CampaignVersion, Step
from nurturing.services import campaigns, drafting, editing
from nurturing.services.contents import ChangedMeanwhile
from nurturing.services.drafting import NotPossible
from nurturing.step_forms import FORMS
from nurturing.step_forms.base import StepForm
from nurturing.views import editor as page
from nurturing.views.finding import draft_step, found_campaign, found_step, shown_version

CHANGED = "Somebody changed this step since you opened it. It says now: “{}”. Saving again replaces that."


@roles("marketer")
@require_GET
def editor(request: HttpRequest, pk: int) -> HttpResponse:
    campaign = found_campaign(request, pk)
    wanted = request.GET.get("step", "")
    rows = shown_version(campaign).steps.select_related("version__campaign__segment")
    chosen = rows.filter(pk=int(wanted)).first() if wanted.isdecimal() and len(wanted) < 19 else None
    return page.show(request, campaign, chosen)


@roles("marketer")
@require_GET
def numbers(request: HttpRequest, pk: int) -> HttpResponse:
    return page.numbers(request, found_campaign(request, pk))


@roles("marketer")
@require_POST
def draft(request: HttpRequest, pk: int) -> HttpResponse:
    campaign = found_campaign(request, pk)
    try:
        campaigns.draft_of(campaign)
    except NotPossible as refusal:
        messages.error(request, str(refusal))
    return redirect("nurturing:campaign", pk)


@roles("marketer")
@require_POST
def add(request: HttpRequest, pk: int) -> HttpResponse:
    campaign = found_campaign(request, pk)
    kind = request.POST.get("kind", "")
    if kind not in [each.key for each in page.addable()]:
        raise Http404
    try:
        version = campaigns.draft_of(campaign)
        parent = _parent(version, request.POST.get("parent", ""))
        branch = request.POST.get("branch", "")[:12]
        with _undoable(request, version, f"Added {kinds.KINDS[kind].label}"):
            step = drafting.add_step(version=version, kind=kind, parent=parent, branch=branch)
    except NotPossible as refusal:
        return _refused(request, campaign, None, refusal)
    return page.changed(request, campaign, step)


@roles("marketer")
@require_http_methods(["GET", "POST"])
def step(request: HttpRequest, pk: int) -> HttpResponse:
    if request.method == "GET":
        chosen = found_step(request, pk)
        return redirect(page.address(chosen.version.campaign, chosen))
    try:
        chosen = draft_step(request, pk)
        return _saved(request, chosen)
    except (Http404, Step.DoesNotExist):
        return page.gone(request)


def _saved(request: HttpRequest, chosen: Step) -> HttpResponse:
    campaign = chosen.version.campaign
    if chosen.kind not in FORMS:
        raise Http404
    form = page.form_of(chosen, campaigns.surroundings(chosen.version), request.POST)
    if not form.is_valid():
        return page.show(request, campaign, chosen, form, status=422)
    try:
        editing.change_settings(step=chosen, settings=form.settings, seen=form.seen, actor=request.user)
    except ChangedMeanwhile:
        return _conflict(request, chosen, form)
    return page.changed(request, campaign, chosen)


def _conflict(request: HttpRequest, chosen: Step, form: StepForm) -> HttpResponse:
    """Saving again is a decision then: the form comes back with the token of what would be replaced."""
    stored = Step.objects.get(pk=chosen.pk)
    form.seen = editing.token(stored)
    form.add_error(None, CHANGED.format(stored.title))
    return page.show(request, chosen.version.campaign, chosen, form, status=409)


@roles("marketer")
@require_POST
def move(request: HttpRequest, pk: int, way: str) -> HttpResponse:
    """One place up or down; from the edge of a branch out of it."""
    chosen = draft_step(request, pk)
    campaign, up = chosen.version.campaign, way == "up"
    try:
        with _undoable(request, chosen.version, f"Moved {chosen.title}"):
            if not drafting.move_step(step=chosen, up=up) and chosen.parent is not None:
                above = chosen.parent
                place = above.position + (0 if up else 1)
                drafting.place_step(step=chosen, parent=above.parent, branch=above.branch, place=place)
    except NotPossible as refusal:
        return _refused(request, campaign, chosen, refusal)
    return page.changed(request, campaign, chosen)


@roles("marketer")
@require_POST
def place(request: HttpRequest, pk: int) -> HttpResponse:
    """Anywhere: `to` is parent:branch:place, with no parent for the campaign's own list."""
    chosen = draft_step(request, pk)
    campaign = chosen.version.campaign
    parent_id, _, rest = request.POST.get("to", "").partition(":")
    branch, _, wanted = rest.partition(":")
    try:
        if not wanted.isdecimal() or len(wanted) > 4:
            raise NotPossible("Nothing was moved. Choose where to.")
        parent = _parent(chosen.version, parent_id)
        with _undoable(request, chosen.version, f"Moved {chosen.title}"):
            drafting.place_step(step=chosen, parent=parent, branch=branch[:12], place=int(wanted))
    except NotPossible as refusal:
        return _refused(request, campaign, chosen, refusal)
    return page.changed(request, campaign, chosen)


@roles("marketer")
@require_POST
def copy(request: HttpRequest, pk: int) -> HttpResponse:
    chosen = draft_step(request, pk)
    try:
        with _undoable(request, chosen.version, f"Copied {chosen.title}"):
            made = drafting.copy_step(step=chosen)
    except NotPossible as refusal:
        return _refused(request, chosen.version.campaign, chosen, refusal)
    return page.changed(request, chosen.version.campaign, made)


@roles("marketer")
@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    chosen = draft_step(request, pk)
    campaign = chosen.version.campaign
    with _undoable(request, chosen.version, f"Removed {chosen.title}"):
        drafting.remove_step(step=chosen)
    return page.changed(request, campaign, None)


@roles("marketer")
@require_POST
def undo(request: HttpRequest, pk: int, way: str) -> HttpResponse:
    """Take back the newest change of the draft, or do again what was taken back."""
    campaign = found_campaign(request, pk)
    version = shown_version(campaign)
    if version.frozen_at is not None:
        raise Http404
    change = (editing.undo if way == "undo" else editing.redo)(version)
    if change is None:
        messages.info(request, f"There is nothing to {way}.")
    else:
        messages.success(request, f"{'Undone' if way == 'undo' else 'Done again'}: {change.words}.")
    wanted = request.POST.get("key", "")[:36]
    chosen = next((step for step in version.steps.all() if str(step.key) == wanted), None)
    return page.changed(request, campaign, chosen)


def _undoable(request: HttpRequest, version: CampaignVersion, words: str) -> AbstractContextManager[None]:
    return editing.undoable(version=version, words=words, actor=request.user)


def _parent(version: CampaignVersion, wanted: str) -> Step | None:
    """Empty means the campaign's own list. Raises NotPossible."""
    if not wanted:
        return None
    found = version.steps.filter(pk=int(wanted)).first() if wanted.isdecimal() and len(wanted) < 19 else None
    if found is None:
        raise NotPossible("That step is gone. Look at the steps again.")
    return found


def _refused(
    request: HttpRequest, campaign: Campaign, chosen: Step | None, refusal: Exception
) -> HttpResponse:
    messages.error(request, str(refusal))
    return page.changed(request, campaign, chosen)
