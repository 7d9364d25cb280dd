"""Backtests: the list with the form, progress, the result, and the answer for another line."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import roles
from leads.keyset import Order, page_of
from scoring.backtest import showing
from scoring.backtest.reasons import reasons
from scoring.backtest_forms import BacktestForm, LineForm, suggested
from scoring.definition import model_of
from scoring.language import Model
from scoring.models import Backtest, BacktestMove
from scoring.services import backtests, versions
from scoring.services.backtests import WrongState
from scoring.services.versions import CannotPublish

NEWEST = Order("newest", "Newest", ("pk",))
LATEST = Order("latest", "Latest", ("at", "pk"))
FEW = 5  # moves shown on the page itself
PROVERS = ("marketer", "manager")


@roles(*PROVERS)
@require_http_methods(["GET", "POST"])
def backtest_list(request: HttpRequest) -> HttpResponse:
    typed = request.POST if request.method == "POST" else None
    form = BacktestForm(typed, initial=suggested(request.GET.get("version", "")))
    if request.method == "POST" and form.is_valid():
        try:
            made = backtests.start_backtest(
                actor=request.user, against=form.cleaned_data.pop("against_version"), **form.cleaned_data
            )
            return redirect("scoring:backtest", made.pk)
        except CannotPublish as refusal:
            form.add_error("version", f"This definition cannot be tried yet. {refusal}")
    runs = Backtest.objects.visible_to(request.user).select_related("created_by").defer("result")
    page = page_of(runs, NEWEST, request.GET.get("cursor", ""), size=25)
    status = 422 if form.errors else 200
    return render(request, "scoring/backtests.html", {"form": form, "page": page}, status=status)


def _visible(request: HttpRequest, pk: int) -> Backtest:
    runs = Backtest.objects.visible_to(request.user).select_related(
        "created_by", "version", "against_version"
    )
    return get_object_or_404(runs, pk=pk)


@roles(*PROVERS)
@require_GET
def backtest(request: HttpRequest, pk: int) -> HttpResponse:
    run = _visible(request, pk)
    return render(request, "scoring/backtest.html", {"run": run, **_shown(request, run)})


def _shown(request: HttpRequest, run: Backtest) -> dict[str, Any]:
    if run.state != Backtest.State.DONE:
        return {}
    result = run.result
    days = showing.working_days(result["weeks"], run.until.date())
    own = [
        showing.outlook(result, place, side["threshold"], days) for place, side in enumerate(result["sides"])
    ]
    moves = {
        kind: _moves(run, kind, run.moves.filter(kind=kind).order_by("-at", "-pk")[:FEW])
        for kind in ("enters", "leaves")
    }
    return {
        "result": result,
        "own": own,
        "days": days,
        "changed": _changed_since(run),
        "moves": moves,
        "shifts": showing.shifts(result),
        "sources": showing.split(result, "sources"),
        "segments": showing.split(result, "segments"),
        "bands": showing.split(result, "bands"),
        **_at_line(request, run, days),
    }


def _changed_since(run: Backtest) -> bool:
    """Whether the draft is another one by now."""
    try:
        return run.version is not None and model_of(run.version).to_data() != run.draft
    except (KeyError, TypeError, ValueError, AttributeError):
        return True


def _at_line(request: HttpRequest, run: Backtest, days: int) -> dict[str, Any]:
    result = run.result
    line = showing.nearest(result["sides"][0], request.GET.get("line", ""))
    weekly, top, limit = showing.bars(result, 0, line, run.capacity)
    return {
        "look": showing.outlook(result, 0, line, days),
        "lines": showing.lines_of(result["sides"][0]),
        "drawing": showing.drawing(result, 0, line, days, run.capacity),
        "table": showing.table_of_lines(result, 0, line, days),
        "weekly": weekly,
        "weekly_top": top,
        "weekly_limit": limit,
        "weekly_over": sum(bar.first + bar.again > 5 * run.capacity for bar in weekly) if run.capacity else 0,
        "within": showing.within(result, 0, days, run.capacity) if run.capacity else None,
        "may_take": _may_take(request, run, line),
        "own_line": line == result["sides"][0]["threshold"],
    }


def _may_take(request: HttpRequest, run: Backtest, line: int) -> bool:
    """Admins edit definitions, and only drafts are edited."""
    version = run.version
    admin = request.user.role == "admin"  # type: ignore[union-attr]
    return bool(admin and version and version.is_draft and version.threshold != line)


@roles()
@require_POST
def draft_line(request: HttpRequest, pk: int) -> HttpResponse:
    """The draft takes the line that was looked at."""
    run = _visible(request, pk)
    if run.state != Backtest.State.DONE or run.version is None:
        raise Http404
    form = LineForm(request.POST, lines=showing.lines_of(run.result["sides"][0]))
    if not form.is_valid():
        messages.error(request, f"{form.errors['line'][0]} Nothing was changed.")
        return redirect("scoring:backtest", pk)
    try:
        versions.set_line(version=run.version, line=form.cleaned_data["line"])
    except versions.NotADraft as refusal:
        messages.error(request, str(refusal))
        return redirect("scoring:backtest", pk)
    messages.success(request, f"The line of draft {run.version.number} is {form.cleaned_data['line']} now.")
    return redirect(reverse("admin:scoring_modelversion_change", args=[run.version.pk]))


@roles(*PROVERS)
@require_GET
def line(request: HttpRequest, pk: int) -> HttpResponse:
    """What moves with the slider. Without a script the whole page answers."""
    run = _visible(request, pk)
    if run.state != Backtest.State.DONE:
        raise Http404
    if not request.wants_fragment:  # type: ignore[attr-defined]
        return backtest(request, pk)
    days = showing.working_days(run.result["weeks"], run.until.date())
    return render(
        request, "scoring/_backtest_line.html", {"run": run, "days": days, **_at_line(request, run, days)}
    )


@roles(*PROVERS)
@require_GET
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The moving part of the page; says when to load the page anew."""
    run = _visible(request, pk)
    response = render(request, "scoring/_backtest_progress.html", {"run": run})
    if not run.under_way:
        response["HX-Refresh"] = "true"
    return response


@roles(*PROVERS)
@require_POST
def cancellation(request: HttpRequest, pk: int) -> HttpResponse:
    run = _visible(request, pk)
    try:
        backtests.cancel_backtest(backtest=run, actor=request.user)
    except WrongState as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(request, "The backtest is cancelled. Nothing of it was kept.")
    return redirect("scoring:backtest", pk)


@roles(*PROVERS)
@require_GET
def enters(request: HttpRequest, pk: int) -> HttpResponse:
    return _listed(request, pk, BacktestMove.Kind.ENTERS)


@roles(*PROVERS)
@require_GET
def leaves(request: HttpRequest, pk: int) -> HttpResponse:
    return _listed(request, pk, BacktestMove.Kind.LEAVES)


def _listed(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """Everybody who would enter or leave, newest first, each with the reason."""
    run = _visible(request, pk)
    found = page_of(run.moves.filter(kind=kind), LATEST, request.GET.get("cursor", ""), size=25)
    listed = BacktestMove.objects.filter(pk__in=[move.pk for move in found.rows]).order_by("-at", "-pk")
    context = {"run": run, "kind": kind, "page": found, "rows": _moves(run, kind, listed)}
    return render(request, "scoring/backtest_moves.html", context)


def _moves(run: Backtest, kind: str, rows: Any) -> list[dict[str, Any]]:
    listed = list(rows.select_related("lead", "lead__company"))
    if not listed or not run.against:
        return []
    draft, against = Model.from_data(run.draft), Model.from_data(run.against)
    here, there = (draft, against) if kind == BacktestMove.Kind.ENTERS else (against, draft)
    why = reasons(here, there, [(move.lead_id, move.at) for move in listed])
    return [{"move": move, "why": why.get(move.lead_id)} for move in listed]
