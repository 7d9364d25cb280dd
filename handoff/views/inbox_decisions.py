"""Accept, reject, undo, log a touch, transfer, take back: one winner, and the loser is told who was faster."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.forms import ModelChoiceField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from handoff import consequences
from handoff.errors import HandoffError
from handoff.forms import RejectForm, TouchForm, TransferForm
from handoff.inbox import neighbours, row_of
from handoff.models import Handoff, RejectReason
from handoff.services import answers as services
from handoff.services.offers import deal_first
from handoff.services.reassignments import reassign
from handoff.services.takers import objections
from handoff.services.touches import log_touch
from handoff.views import answers
from handoff.views.counts import counts_of
from handoff.views.inbox import (
    detail_context,
    find,
    first_of,
    inbox_of,
    inbox_url,
    keys_of,
    list_context,
)
from leads.campaigns import campaign_names


@login_required
@require_POST
def acceptance(request: HttpRequest, pk: int) -> HttpResponse:
    handoff = find(request, pk)
    return decide(
        request,
        handoff,
        lambda: services.accept(handoff=handoff, actor=request.user),
        f"{handoff.lead.name} accepted. The first touch is next.",
        undo_url=reverse("handoff:undo", args=[pk]),
    )


@login_required
@require_http_methods(["GET", "POST"])
def rejection(request: HttpRequest, pk: int) -> HttpResponse:
    """With `?follows=recycle` only the reasons after which the lead goes back to nurture."""
    handoff = find(request, pk)
    may(handoff, request)
    recycles = request.GET.get("follows") == RejectReason.Consequence.RECYCLE
    form = reject_form(request.POST if request.method == "POST" else None, recycles=recycles)
    if not form.is_valid():
        return reject_dialog(request, handoff, form, recycles=recycles)
    reason, note = form.cleaned_data["reason"], form.cleaned_data["note"]
    return decide(
        request,
        handoff,
        lambda: services.reject(handoff=handoff, actor=request.user, reason=reason, note=note),
        f"{handoff.lead.name} rejected: {reason.label[:1].lower()}{reason.label[1:]}.",
        undo_url=reverse("handoff:undo", args=[pk]),
    )


def reject_form(data: Any = None, *, recycles: bool) -> RejectForm:
    return RejectForm(data, follows=RejectReason.Consequence.RECYCLE if recycles else "")


def reject_dialog(
    request: HttpRequest, handoff: Handoff, form: RejectForm, *, recycles: bool, action: str = ""
) -> HttpResponse:
    reasons, campaigns = cast(ModelChoiceField, form.fields["reason"]).queryset or (), campaign_names()
    context = dialog_context(request, handoff) | {
        "choices": [(reason, consequences.words(reason, campaigns)) for reason in reasons],
        "recycles": recycles,
        "final": not handoff.is_open,  # an answer can be undone, the end of an accepted lead cannot
        "refusal": "" if form.is_bound else deal_first(handoff),
    }
    context |= {"action": action} if action else {}
    return answers.dialog(request, "handoff/_reject.html", "Recycle" if recycles else "Reject", context, form)


@login_required
@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    handoff = find(request, pk)
    act = lambda: services.undo(handoff=handoff, actor=request.user)  # noqa: E731
    return decide(request, handoff, act, f"Undone. {handoff.lead.name} waits for your decision.", stay=True)


@login_required
@require_http_methods(["GET", "POST"])
def touches(request: HttpRequest, pk: int) -> HttpResponse:
    handoff = find(request, pk)
    may(handoff, request)
    form = TouchForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        context = dialog_context(request, handoff)
        return answers.dialog(request, "handoff/_touch.html", "Log a touch", context, form)
    act = lambda: log_touch(handoff=handoff, actor=request.user, **form.cleaned_data)  # noqa: E731
    return decide(request, handoff, act, "Touch logged on the timeline.", stay=True)


@login_required
@require_http_methods(["GET", "POST"])
def transfer(request: HttpRequest, pk: int) -> HttpResponse:
    """To a colleague, answered or not. What speaks against them is said, and does not stop anybody."""
    handoff = find(request, pk)
    may(handoff, request)
    against = objections(handoff.lead)
    sent = request.POST if request.method == "POST" else None
    form = TransferForm(sent, handoff=handoff, actor=request.user, objections=against)
    if not form.is_valid():
        context = dialog_context(request, handoff)
        return answers.dialog(request, "handoff/_transfer.html", "Transfer", context, form)
    rep, note = form.cleaned_data["rep"], form.cleaned_data["note"]
    return decide(
        request,
        handoff,
        lambda: reassign(handoff=handoff, rep=rep, actor=request.user, note=note),
        f"{handoff.lead.name} is with {rep} now, with a new accept clock.{mind(rep, against)}",
    )


def mind(rep: User, against: Mapping[int, str]) -> str:
    return f" Mind that {rep} is not free: {against[rep.pk]}." if rep.pk in against else ""


def may(handoff: Handoff, request: HttpRequest) -> None:
    if not handoff.answerable_by(request.user):
        raise PermissionDenied


def dialog_context(request: HttpRequest, handoff: Handoff) -> dict[str, Any]:
    return {
        "handoff": handoff,
        "lead": handoff.lead,
        "action": request.get_full_path(),
        "back_url": inbox_url(request, handoff),
    }


def decide(
    request: HttpRequest,
    handoff: Handoff,
    act: Callable[[], Any],
    words: str | Callable[[], str],
    *,
    undo_url: str = "",
    stay: bool = False,
) -> HttpResponse:
    """`stay` keeps the decided lead open; otherwise the next one of the list follows. The words may need the act."""
    _, beside = neighbours(inbox_of(request), row_of(handoff), keys_of(request))
    try:
        act()
    except HandoffError as error:
        return _refused(request, handoff, str(error))
    words = words if isinstance(words, str) else words()
    if not request.wants_fragment:  # type: ignore[attr-defined]
        url = inbox_url(request, handoff if stay or undo_url else None)
        return answers.go(request, url, words, undo_url=undo_url)
    context = list_context(request, board=False)
    following = handoff.pk if stay else beside
    open_next = find(request, following) if following else first_of(context["groups"])
    toast = answers.toast(words, undo_url=undo_url, undo_target="#lead")
    return _panes(request, context, open_next, toast)


def _refused(request: HttpRequest, handoff: Handoff, words: str) -> HttpResponse:
    """The row as it stands now, and who was faster."""
    if not request.wants_fragment:  # type: ignore[attr-defined]
        page = (
            list_context(request, board=False)
            | detail_context(request, find(request, handoff.pk))
            | {"refusal": words, "typed": typed_in(request)}
        )
        return render(request, "handoff/inbox.html", page | {"view": "detail"}, status=answers.CONFLICT)
    toast = answers.toast(words, tone="warn")
    response = _panes(
        request, list_context(request, board=False), find(request, handoff.pk), toast, refusal=words
    )
    response.status_code = answers.CONFLICT
    return response


def typed_in(request: HttpRequest) -> str:
    """Whoever was too late keeps their words, at least to copy."""
    return request.POST.get("note", "").strip()[:2000]


def _panes(
    request: HttpRequest,
    context: dict[str, Any],
    following: Handoff | None,
    toast: tuple[str, dict[str, Any]],
    refusal: str = "",
) -> HttpResponse:
    lead = detail_context(request, following) if following else {}
    told = {"refusal": refusal, "typed": typed_in(request) if refusal else ""}
    parts = [
        ("handoff/_lead.html", lead | told | {"moved_on": True}),
        ("handoff/_triage.html", context | lead | {"oob": True}),
        ("handoff/_counts.html", counts_of(request.user)),
        toast,
    ]
    response = answers.fragments(request, parts)
    response["HX-Push-Url"] = inbox_url(request, following)
    response["HX-Retarget"], response["HX-Reswap"] = "#lead", "outerHTML"
    return response
