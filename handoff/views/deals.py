"""One deal: its page, and what a person may do with it. The loser of two tabs is told what stands now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from handoff.currencies import USUAL
from handoff.deal_history import history
from handoff.errors import DealExists, HandoffError
from handoff.models import Opportunity, PipelineStage
from handoff.opportunity_forms import ChangeForm, DealForm, LoseForm, MoveForm, VersionForm, WinForm, terms_of
from handoff.services import opportunities as services
from handoff.views import answers
from handoff.views.inbox import find as find_handoff
from handoff.views.pipeline import list_url, pipeline_context

STEPS = 100  # of a deal's history that its page shows
TWINS = 5  # more open deals with one lead are told as five
Kind = PipelineStage.Kind


@login_required
@require_GET
def deal(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "handoff/deal.html", deal_context(request, find(request, pk)))


@login_required
@require_http_methods(["GET", "POST"])
def opening(request: HttpRequest, pk: int) -> HttpResponse:
    """An accepted handoff becomes a deal; sent twice it is still one."""
    handoff = find_handoff(request, pk)
    if not handoff.answerable_by(request.user):
        raise PermissionDenied
    existing = Opportunity.objects.filter(handoff=handoff).first()
    if request.method == "GET" and existing:
        return redirect("handoff:deal", existing.pk)
    form = DealForm(_posted(request), initial=_suggested(request, handoff))
    context = {
        "lead": handoff.lead,
        "action": request.path,
        "back_url": reverse("handoff:inbox_detail", args=[pk]),
    }
    if not form.is_valid():
        return answers.dialog(
            request, "handoff/_deal_form.html", "Open a deal", context | {"opens": True}, form
        )
    try:
        made = services.open_opportunity(
            handoff=handoff, actor=request.user, terms=form.terms(), form_key=form.cleaned_data["key"]
        )
    except DealExists as error:
        return _go(request, error.opportunity, str(error), problem=True)
    except HandoffError as error:
        form.add_error(None, str(error))
        return answers.dialog(
            request, "handoff/_deal_form.html", "Open a deal", context | {"opens": True}, form
        )
    return _go(request, made, f"Deal opened: {made.name}.")


@login_required
@require_http_methods(["GET", "POST"])
def details(request: HttpRequest, pk: int) -> HttpResponse:
    found = _workable(request, pk)
    may_assign = request.user.leads_sales  # type: ignore[union-attr]
    form = ChangeForm(_posted(request), initial=terms_of(found), may_assign=may_assign)
    if not form.is_valid():
        return _dialog(request, found, "handoff/_deal_form.html", "Change the deal", form)
    given = form.cleaned_data
    act = lambda: services.change(  # noqa: E731
        opportunity=found,
        actor=request.user,
        version=given["version"],
        terms=form.terms(),
        owner=given.get("owner"),
    )
    return _decide(request, found, act, "Deal changed.")


@login_required
@require_http_methods(["GET", "POST"])
def stage(request: HttpRequest, pk: int) -> HttpResponse:
    """Moves among open stages; a stage that ends the deal leads on to its own form."""
    found = _workable(request, pk)
    form = MoveForm(_move_sent(request), initial={"version": found.version, "stage": found.stage_id})
    if not form.is_valid():
        stages = PipelineStage.objects.filter(active=True)
        return _dialog(request, found, "handoff/_deal_move.html", "Move the deal", form, stages=stages)
    wanted, version, before = form.cleaned_data["stage"], form.cleaned_data["version"], found.stage_id
    if wanted.kind != Kind.OPEN and found.is_open:
        return _on_to_the_end(request, found, wanted)
    act = lambda: services.move(  # noqa: E731
        opportunity=found, stage=wanted, actor=request.user, version=version
    )
    undo = lambda: f"{_url('stage', found, request)}{_amp(request)}to={before}&version={found.version}"  # noqa: E731
    return _decide(request, found, act, f"{found.name} is in “{wanted}” now.", undo)


@login_required
@require_http_methods(["GET", "POST"])
def win(request: HttpRequest, pk: int) -> HttpResponse:
    found = _workable(request, pk)
    form = WinForm(_posted(request), initial=terms_of(found))
    if not form.is_valid():
        return _dialog(request, found, "handoff/_deal_win.html", "Won", form)
    act = lambda: services.win(opportunity=found, actor=request.user, **form.cleaned_data)  # noqa: E731
    return _decide(
        request,
        found,
        act,
        f"{found.name} is won. {found.lead.name} is a customer.",
        _reopening(request, found),
    )


@login_required
@require_http_methods(["GET", "POST"])
def loss(request: HttpRequest, pk: int) -> HttpResponse:
    found = _workable(request, pk)
    form = LoseForm(_posted(request), initial={"version": found.version})
    if not form.is_valid():
        return _dialog(request, found, "handoff/_deal_lose.html", "Lost", form)
    act = lambda: services.lose(opportunity=found, actor=request.user, **form.cleaned_data)  # noqa: E731
    words = f"{found.name} is lost: {form.cleaned_data['reason'].label.lower()}."
    return _decide(request, found, act, words, _reopening(request, found))


@login_required
@require_POST
def reopening(request: HttpRequest, pk: int) -> HttpResponse:
    found = _workable(request, pk)
    form = VersionForm(request.POST if "version" in request.POST else request.GET)
    version = form.cleaned_data["version"] if form.is_valid() else 0
    act = lambda: services.reopen(opportunity=found, actor=request.user, version=version)  # noqa: E731
    return _decide(request, found, act, f"{found.name} is open again.")


def find(request: HttpRequest, pk: int) -> Opportunity:
    related = ("handoff__cycle", "handoff__offered_by", "opened_by", "changed_by", "close_reason")
    deals = Opportunity.objects.visible_to(request.user).with_people().select_related(*related)
    found = deals.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def deal_context(request: HttpRequest, found: Opportunity) -> dict[str, Any]:
    return {
        "deal": found,
        "history": history(found, most=STEPS),
        "path": PipelineStage.objects.filter(active=True, kind=Kind.OPEN),
        "may_work": found.workable_by(request.user),
        "back_url": list_url(request),
        "beside": deals_beside(request.user, found),
    }


def deals_beside(user: Any, found: Opportunity) -> list[tuple[Opportunity, bool]]:
    """Other open deals with the same lead, and whether this person may open them."""
    if not found.is_open:
        return []
    others = Opportunity.objects.open().filter(lead=found.lead_id).exclude(pk=found.pk)
    rows = others.select_related("owner").order_by("pk")[:TWINS]
    return [(deal, not user.is_rep or deal.owner_id == user.pk) for deal in rows]


def _workable(request: HttpRequest, pk: int) -> Opportunity:
    found = find(request, pk)
    if not found.workable_by(request.user):
        raise PermissionDenied
    return found


def _posted(request: HttpRequest) -> Any:
    """An empty form that was sent is a form with faults."""
    return request.POST if request.method == "POST" else None


def _suggested(request: HttpRequest, handoff: Any) -> dict[str, Any]:
    """A name, and the currency this person used last."""
    latest = Opportunity.objects.filter(owner=request.user.pk).order_by("-pk").first()
    name = handoff.lead.company.name if handoff.lead.company else handoff.lead.name
    return {"name": name[:150], "currency": latest.currency if latest else USUAL}


def _move_sent(request: HttpRequest) -> Any:
    """What a form posted, or what an undo carries in its address."""
    if request.method != "POST":
        return None
    undone = request.GET.get("to")
    return {"stage": undone, "version": request.GET.get("version")} if undone else request.POST


def _dialog(
    request: HttpRequest, found: Opportunity, template: str, heading: str, form: Form, **more: Any
) -> HttpResponse:
    context = {
        "deal": found,
        "lead": found.lead,
        "action": request.get_full_path(),
        "target": "#pipeline" if _on_board(request) else "#deal",
        "back_url": _back(request, found),
        **more,
    }
    return answers.dialog(request, template, heading, context, form)


def _on_to_the_end(request: HttpRequest, found: Opportunity, wanted: PipelineStage) -> HttpResponse:
    """Dropped on a column that closes deals: ask for what that needs. Nothing has changed yet."""
    won = wanted.kind == Kind.WON
    url = _url("win" if won else "loss", found, request)
    if not request.wants_fragment:  # type: ignore[attr-defined]
        return redirect(url)
    form = WinForm(initial=terms_of(found)) if won else LoseForm(initial={"version": found.version})
    template = "handoff/_deal_win.html" if won else "handoff/_deal_lose.html"
    response = _dialog(request, found, template, wanted.name, form, action=url)
    response["HX-Retarget"], response["HX-Reswap"] = "#dialog", "innerHTML"
    return response


def _decide(
    request: HttpRequest,
    found: Opportunity,
    act: Callable[[], Any],
    words: str,
    undo: Callable[[], str] | None = None,
) -> HttpResponse:
    try:
        act()
    except HandoffError as error:
        return _answer(request, found, str(error), refused=True)
    return _answer(request, found, words, undo_url=undo() if undo else "")


def _answer(
    request: HttpRequest, found: Opportunity, words: str, *, refused: bool = False, undo_url: str = ""
) -> HttpResponse:
    """The board or the deal as it stands now, and what happened."""
    if not request.wants_fragment:  # type: ignore[attr-defined]
        return _plain(request, found, words, refused, undo_url)
    board = _on_board(request)
    target = "#pipeline" if board else "#deal"
    shown = (
        ("handoff/_pipeline.html", _board_around(request, found))
        if board
        else ("handoff/_deal.html", deal_context(request, find_anyhow(found)) | {"decided": True})
    )
    toast = answers.toast(words, tone="warn" if refused else "", undo_url=undo_url, undo_target=target)
    response = answers.fragments(request, [shown, toast], answers.CONFLICT if refused else 200)
    response["HX-Retarget"], response["HX-Reswap"] = target, "outerHTML"
    return response


def _board_around(request: HttpRequest, found: Opportunity) -> dict[str, Any]:
    """The keyboard goes on at the deal; at the top, when filters or a full column hide it."""
    context = pipeline_context(request)
    cards = [deal.pk for column in context.get("board", ()) for deal in column.cards]
    return context | ({"focus_deal": found.pk} if found.pk in cards else {"focus_top": True})


def find_anyhow(found: Opportunity) -> Opportunity:
    """Whoever changed a deal sees the result, even once it belongs to somebody else."""
    related = ("handoff__cycle", "handoff__offered_by", "opened_by", "changed_by", "close_reason")
    return Opportunity.objects.with_people().select_related(*related).get(pk=found.pk)


def _plain(
    request: HttpRequest, found: Opportunity, words: str, refused: bool, undo_url: str
) -> HttpResponse:
    if refused:
        context = deal_context(request, find_anyhow(found)) | {"refusal": words}
        return render(request, "handoff/deal.html", context, status=answers.CONFLICT)
    return answers.go(request, _back(request, found), words, undo_url=undo_url)


def _go(request: HttpRequest, found: Opportunity, words: str, *, problem: bool = False) -> HttpResponse:
    """To the deal's page, from a dialog as well."""
    url = reverse("handoff:deal", args=[found.pk])
    response = answers.go(request, url, words, problem=problem)
    if request.wants_fragment:  # type: ignore[attr-defined]
        return HttpResponse(headers={"HX-Redirect": url})
    return response


def _on_board(request: HttpRequest) -> bool:
    return request.GET.get("at") == "board"


def _back(request: HttpRequest, found: Opportunity) -> str:
    return list_url(request) if _on_board(request) else reverse("handoff:deal", args=[found.pk])


def _url(name: str, found: Opportunity, request: HttpRequest) -> str:
    """Another decision about this deal, coming back to the same place."""
    query = list_url(request).partition("?")[2] if _on_board(request) else ""
    at = f"?at=board{'&' if query else ''}{query}" if _on_board(request) else ""
    return f"{reverse(f'handoff:deal_{name}', args=[found.pk])}{at}"


def _amp(request: HttpRequest) -> str:
    return "&" if _on_board(request) else "?"


def _reopening(request: HttpRequest, found: Opportunity) -> Callable[[], str]:
    return lambda: f"{_url('reopening', found, request)}{_amp(request)}version={found.version}"
