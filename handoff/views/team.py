"""The manager's board: load, promises at risk, moving leads, capacity and absences."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import roles
from accounts.models import Team, User
from handoff import keyset, team
from handoff.clock import database_now
from handoff.errors import HandoffError
from handoff.forms import AbsenceForm, MoveForm, SeatForm
from handoff.models import Absence, Handoff, RoundRobinSeat
from handoff.services import staffing
from handoff.services.reassignments import reassign
from handoff.views import answers
from handoff.views.inbox import find

BY_NAME = (keyset.By("name"), keyset.By("pk"))
see_team = roles("manager")


@see_team
@require_GET
def board(request: HttpRequest) -> HttpResponse:
    template = "handoff/_team.html" if request.wants_fragment else "handoff/team.html"  # type: ignore[attr-defined]
    return render(request, template, board_context(request))


@see_team
@require_POST
def move(request: HttpRequest, pk: int) -> HttpResponse:
    """Gives a lead to another rep, answered or not; whoever was faster wins."""
    handoff, form = find(request, pk), MoveForm(request.POST)
    if not form.is_valid():
        return _answer(request, str(form.errors["rep"][0]), refused=True, moved=handoff)
    try:
        following = reassign(handoff=handoff, rep=form.cleaned_data["rep"], actor=request.user)
    except HandoffError as error:
        return _answer(request, str(error), refused=True, moved=handoff)
    return _answer(request, f"{handoff.lead.name} is with {following.rep} now.", moved=handoff)


@see_team
@require_http_methods(["GET", "POST"])
def seat(request: HttpRequest, rep_pk: int) -> HttpResponse:
    rep = _rep(rep_pk)
    row = RoundRobinSeat.objects.filter(rep=rep).first() or RoundRobinSeat(rep=rep)
    form = SeatForm(request.POST if request.method == "POST" else None, instance=row)
    if request.method == "GET" or not form.is_valid():
        return _dialog(request, "handoff/_seat.html", f"What {rep} can take", form, rep)
    staffing.set_seat(rep=rep, actor=request.user, **form.cleaned_data)
    words = f"Saved. It counts from the next lead that {rep} could get."
    return _answer(request, words, focus={"seat": rep.pk})


@see_team
@require_http_methods(["GET", "POST"])
def absences(request: HttpRequest, rep_pk: int) -> HttpResponse:
    rep, now = _rep(rep_pk), database_now()
    first = {"starts_at": now.replace(second=0, microsecond=0)}
    form = AbsenceForm(request.POST if request.method == "POST" else None, rep=rep, initial=first)
    if request.method == "GET" or not form.is_valid():
        return _dialog(request, "handoff/_absence.html", f"{rep} is away", form, rep)
    try:
        staffing.add_absence(rep=rep, actor=request.user, **form.cleaned_data)
    except ValidationError as error:
        form.add_error(None, error)
        return _dialog(request, "handoff/_absence.html", f"{rep} is away", form, rep)
    words = f"{rep} gets no leads while away. Leads they have now stay until you move them."
    return _answer(request, words, focus={"absence": rep.pk})


@see_team
@require_POST
def ending(request: HttpRequest, pk: int) -> HttpResponse:
    absence = get_object_or_404(Absence.objects.select_related("rep"), pk=pk)
    staffing.end_absence(absence=absence, actor=request.user)
    return _answer(request, f"{absence.rep} can take leads again.", focus={"absence": absence.rep_id})


def board_context(request: HttpRequest) -> dict[str, Any]:
    now, chosen = database_now(), _team(request)
    reps = User.objects.reps().select_related("team")
    reps = reps.filter(team=chosen) if chosen else reps
    page = keyset.page(reps, BY_NAME, cursor=request.GET.get("after", ""), size=team.REPS)
    columns = team.columns(request.user, page.rows, now)
    held = list(team.waiting()[: team.HELD + 1])
    return {
        "columns": columns,
        "sums": _sums(columns),
        "leavers": team.leavers(request.user, now),
        "held": held[: team.HELD],
        "more_held": len(held) > team.HELD,
        "teams": list(Team.objects.order_by("name", "pk")),
        "team": chosen,
        "query": _query(request),
        "enough": team.ENOUGH,
        "next_url": _page_url(chosen, page.next),
        "previous_url": _page_url(chosen, page.previous),
    }


def _sums(columns: list[team.Column]) -> dict[str, int]:
    return {
        "free": sum(1 for column in columns if column.obstacle is None and column.seat.active),
        "open": sum(column.seat.open for column in columns),
        "at_risk": sum(column.counts.get("at_risk", 0) for column in columns),
        "late": sum(column.counts.get("late", 0) for column in columns),
    }


def _team(request: HttpRequest) -> Team | None:
    wanted = request.GET.get("team", "")
    return Team.objects.filter(pk=wanted).first() if wanted.isdecimal() and len(wanted) < 19 else None


def _query(request: HttpRequest) -> str:
    return urlencode({key: request.GET[key][:500] for key in ("team", "after") if request.GET.get(key)})


def _page_url(chosen: Team | None, cursor: str) -> str:
    values = {"team": chosen.pk if chosen else "", "after": cursor}
    return "?" + urlencode({key: value for key, value in values.items() if value}) if cursor else ""


def _rep(pk: int) -> User:
    rep = User.objects.reps().filter(pk=pk).first()
    if rep is None:
        raise Http404
    return rep


def _board_url(request: HttpRequest) -> str:
    query = _query(request)
    return f"{reverse('handoff:team')}{'?' if query else ''}{query}"


def _dialog(request: HttpRequest, template: str, heading: str, form: Any, rep: User) -> HttpResponse:
    context = {"action": request.get_full_path(), "back_url": _board_url(request), "rep": rep}
    return answers.dialog(request, template, heading, context, form)


def _answer(
    request: HttpRequest,
    words: str,
    *,
    refused: bool = False,
    focus: dict[str, int] | None = None,
    moved: Handoff | None = None,
) -> HttpResponse:
    """The whole board is drawn anew, so whoever works it from the keyboard is told where they are."""
    if not request.wants_fragment:  # type: ignore[attr-defined]
        return answers.go(request, _board_url(request), words, problem=refused)
    context = board_context(request)
    context["focus"] = _place_of(moved, context) if moved else focus
    parts = [("handoff/_team.html", context), answers.toast(words, tone="warn" if refused else "")]
    return answers.fragments(request, parts, answers.CONFLICT if refused else 200)


def _place_of(moved: Handoff, context: dict[str, Any]) -> dict[str, int]:
    """The card of the lead wherever it is now, or else the next sensible place that is shown."""
    now_at = Handoff.objects.live().filter(cycle=moved.cycle_id).first() or moved
    columns = [*context["columns"], *context["leavers"]]
    if any(card.handoff.pk == now_at.pk for column in columns for card in column.cards):
        return {"card": now_at.pk}
    reps = {column.rep.pk for column in columns}
    near = next((pk for pk in (now_at.rep_id, moved.rep_id) if pk in reps), None)
    return {"rep": near} if near else {"top": 1}
