"""Hand off, recycle, disqualify: one lead from its sheet, or many from the list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import roles
from handoff import keyset
from handoff.errors import HandoffError
from handoff.forms import OfferForm, WhyForm
from handoff.services import marketing
from handoff.services.offers import offer_many
from handoff.views import answers
from handoff.views.counts import counts_of
from handoff.views.queue import (
    MOST_AT_ONCE,
    cycles_named,
    detail_url,
    filters_of,
    find_cycle,
    list_context,
    list_query,
    list_url,
    sheet_context,
)
from handoff.views.routing import ahead_of
from scoring.models import QualificationCycle

Cycles = list[QualificationCycle]
Done = tuple[int, list[str], str]  # how many, the refusals in words, where to undo


@roles("marketer", "manager")
@require_http_methods(["GET", "POST"])
def hand_off(request: HttpRequest) -> HttpResponse:
    return _decide(request, "Hand off", OfferForm, _offer, "handed off")


@roles("marketer")
@require_http_methods(["GET", "POST"])
def recycle(request: HttpRequest) -> HttpResponse:
    return _decide(request, "Recycle", WhyForm, _each(marketing.recycle), "recycled")


@roles("marketer")
@require_http_methods(["GET", "POST"])
def disqualify(request: HttpRequest) -> HttpResponse:
    return _decide(request, "Disqualify", WhyForm, _each(marketing.disqualify), "disqualified")


@roles("marketer")
@require_GET
def enrol(request: HttpRequest) -> HttpResponse:
    """Campaigns are nurturing's: it serves the dialog, we only say for whom."""
    leads = urlencode([("lead", cycle.lead_id) for cycle in _chosen(request)])
    return redirect(f"{reverse('nurturing:enrol')}?{leads}")


def _decide(
    request: HttpRequest, heading: str, form_class: type[Form], act: Callable[..., Done], verb: str
) -> HttpResponse:
    template = f"handoff/_{heading.lower().replace(' ', '_')}.html"
    cycles = _chosen(request)
    form = form_class(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        context: dict[str, Any] = {
            "cycles": cycles,
            "action": _action(request),
            "back_url": list_url(request),
        }
        if form_class is OfferForm and len(cycles) == 1:
            context["ahead"] = ahead_of(cycles[0])
        return answers.dialog(request, template, heading, context, form)
    following = _following(request, cycles)
    done, refused, undo_url = act(cycles, request.user, form.cleaned_data)
    return _answer(request, cycles, following, _words(cycles, done, refused, verb), bool(refused), undo_url)


def _action(request: HttpRequest) -> str:
    query = urlencode(list_query(request))
    return f"{request.path}?{query}" if query else request.path


def _chosen(request: HttpRequest) -> Cycles:
    """Ticked rows, or all that match the list; the reader's own sight decides what exists."""
    values = request.POST if request.method == "POST" else request.GET
    ids = _matching(request) if values.get("all") else cycles_named(request, values)
    visible = QualificationCycle.objects.visible_to(request.user).filter(pk__in=ids)
    found = {cycle.pk: cycle for cycle in visible.select_related("lead__company")}
    if not ids or len(found) < len(set(ids)):
        raise Http404
    return [found[pk] for pk in dict.fromkeys(ids)]


def _matching(request: HttpRequest) -> list[int]:
    filters = filters_of(request)
    if not filters.view.acts:
        return []
    clocks = filters.apply(filters.view.rows(request.user)).order_by("due_at", "pk")
    return list(clocks.values_list("cycle", flat=True)[:MOST_AT_ONCE])


def _offer(cycles: Cycles, actor: Any, data: dict[str, Any]) -> Done:
    result = offer_many(cycles=cycles, actor=actor, rep=data["rep"], note=data["note"])
    undo = reverse("handoff:withdraw", args=[result.handoffs[0].pk]) if len(result.handoffs) == 1 else ""
    return len(result.handoffs), [refused.why for refused in result.refused], undo


def _each(verb: Callable[..., None]) -> Callable[..., Done]:
    def act(cycles: Cycles, actor: Any, data: dict[str, Any]) -> Done:
        refused = []
        for cycle in cycles:
            try:
                verb(cycle=cycle, actor=actor, reason=data["reason"])
            except HandoffError as error:
                refused.append(str(error))
        return len(cycles) - len(refused), refused, ""

    return act


def _words(cycles: Cycles, done: int, refused: list[str], verb: str) -> str:
    if done == 0:
        return refused[0] if len(refused) == 1 else f"Nothing was {verb}. {refused[0]}"
    if len(cycles) == 1:
        live = cycles[0].handoffs.live().select_related("rep").first()
        to = f" to {live.rep}" if live and verb == "handed off" else ""
        return f"{cycles[0].lead.name} was {verb}{to}."
    words = f"{done} leads were {verb}." if done > 1 else f"1 lead was {verb}."
    return f"{words} {len(refused)} not: {refused[0]}" if refused else words


def _following(request: HttpRequest, cycles: Cycles) -> int | None:
    """The row below the decided one, asked before it leaves the list. For many there is none."""
    filters = filters_of(request)
    if len(cycles) != 1 or not filters.view.acts:
        return None
    rows = filters.apply(filters.view.rows(request.user)).select_related("cycle")
    current = rows.filter(cycle=cycles[0]).first()
    if current is None:
        return None
    page = keyset.page(
        rows, filters.view.order, cursor=keyset.cursor_after(filters.view.order, current), size=1
    )
    return page.rows[0].cycle_id if page.rows else None


def _answer(
    request: HttpRequest, cycles: Cycles, following: int | None, words: str, refused: bool, undo_url: str
) -> HttpResponse:
    if not request.wants_fragment:  # type: ignore[attr-defined]
        return answers.go(request, list_url(request), words, problem=refused, undo_url=undo_url)
    parts: list[tuple[str, dict[str, Any]]] = []
    if following:
        sheet = sheet_context(request, find_cycle(request, following))
        parts.append(("handoff/_sheet.html", sheet | {"moved_on": True}))
    parts.append(("handoff/_queue.html", list_context(request) | {"oob": True, "selected_pk": following}))
    parts.append(("handoff/_counts.html", counts_of(request.user)))
    parts.append(
        answers.toast(words, tone="warn" if refused else "", undo_url=undo_url, undo_target="#sheet")
    )
    status = answers.CONFLICT if refused and len(cycles) == 1 else 200
    response = answers.fragments(request, parts, status)
    response["HX-Push-Url"] = detail_url(request, following) if following else list_url(request)
    return response
