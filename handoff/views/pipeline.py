"""The pipeline: deals as a board or as a list, with the same filters in the address."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.models import User
from handoff import counting, keyset
from handoff.currencies import CODES
from handoff.models import Opportunity, PipelineStage
from handoff.pipeline import CLOSINGS, RECENT, STATES, Filters, columns, open_sums, sums
from handoff.services import revenue

LIST_KEYS = ("view", "state", "q", "owner", "stage", "currency", "closing", "after")
FILTER_KEYS = ("q", "owner", "stage", "currency", "closing")
DOUBLED = 6  # deals to settle that are shown at once


@login_required
@require_GET
def pipeline(request: HttpRequest) -> HttpResponse:
    template = "handoff/_pipeline.html" if request.wants_fragment else "handoff/pipeline.html"  # type: ignore[attr-defined]
    return render(request, template, pipeline_context(request))


@login_required
@require_GET
def won_by(request: HttpRequest) -> HttpResponse:
    """What sources and campaigns brought in, by the first or the last touch; each model by its name."""
    model = request.GET.get("model", "")
    model = model if model in revenue.MODELS else "first"
    deals = Opportunity.objects.visible_to(request.user)
    tables = [
        (label, revenue.won_by(deals, model=model, subject=subject))
        for subject, label in (("source", "Source"), ("campaign", "Campaign"))
    ]
    tabs = [
        {"url": f"?model={key}", "label": label, "current": key == model, "count": None}
        for key, label in revenue.MODELS.items()
    ]
    return render(request, "handoff/won_by.html", {"tables": tables, "tabs": tabs, "model": model})


def pipeline_context(request: HttpRequest) -> dict[str, Any]:
    filters, deals = filters_of(request), Opportunity.objects.visible_to(request.user)
    shown = _list(request, filters, deals) if _wants_list(request) else _board(filters, deals)
    return {
        **shown,
        **_choices(request, filters),
        "filters": filters,
        "chips": _chips(request, filters),
        "filtered": any(getattr(filters, key) for key in FILTER_KEYS),
        "query": urlencode(list_query(request)),
        "recent_days": RECENT.days,
        "board_url": list_url(request, view="", state=""),
        "list_url": list_url(request, view="list"),
        "clear_url": list_url(request, **dict.fromkeys(FILTER_KEYS, "")),
        "today": timezone.localdate(),
        "doubled": _doubled(request.user),
        "may_work": not works_only_in_marketing(request.user),
    }


def filters_of(request: HttpRequest) -> Filters:
    read = request.GET.get
    return Filters(
        q=read("q", "")[:200].replace("\0", ""),
        owner=None if request.user.is_rep else _pk(read("owner", "")),  # type: ignore[union-attr]
        stage=_pk(read("stage", "")),
        currency=read("currency", "") if read("currency", "") in CODES else "",
        closing=read("closing", "") if read("closing", "") in CLOSINGS else "",
        state=read("state", "") if read("state", "") in STATES else "open",
    )


def list_query(request: HttpRequest) -> dict[str, str]:
    return {key: request.GET[key] for key in LIST_KEYS if request.GET.get(key)}


def list_url(request: HttpRequest, **changes: Any) -> str:
    """The pipeline as it stands, with some parts changed; paging starts anew."""
    query = list_query(request)
    if changes:
        query.pop("after", None)
    query.update({key: str(value) for key, value in changes.items()})
    kept = urlencode({key: value for key, value in query.items() if value})
    return f"{reverse('handoff:pipeline')}{'?' if kept else ''}{kept}"


def _doubled(user: Any) -> list[Opportunity]:
    """For whoever can settle it: deals with leads that turned out to be one, and now have two."""
    if not user.leads_sales:
        return []
    deals = Opportunity.objects.visible_to(user).doubled().select_related("owner", "lead")
    return list(deals.order_by("lead", "pk")[:DOUBLED])


def works_only_in_marketing(user: Any) -> bool:
    """Marketing looks at deals; sales works them."""
    return user.works_in_marketing and not user.leads_sales


def _pk(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 18 else None


def _wants_list(request: HttpRequest) -> bool:
    return request.GET.get("view") == "list"


def _board(filters: Filters, deals: QuerySet) -> dict[str, Any]:
    board = columns(deals, filters, timezone.localdate())
    return {"board": board, "sums": open_sums(board), "any": any(column.count for column in board)}


def _list(request: HttpRequest, filters: Filters, deals: QuerySet) -> dict[str, Any]:
    today = timezone.localdate()
    listed = filters.listed(deals, today)
    page = keyset.page(listed.with_people(), filters.order, cursor=request.GET.get("after", ""))  # type: ignore[attr-defined]
    narrowed = filters.apply(deals, today)
    found = counting.counts(
        {state: narrowed.filter(outcome="" if state == "open" else state) for state in STATES}
    )
    return {
        "rows": page.rows,
        "sums": sums(listed),
        "tabs": _tabs(request, filters, found),
        "matching": counting.words(found[filters.state]),
        "state": filters.state,
        "as_list": True,
        "next_url": list_url(request, after=page.next) if page.next else "",
        "previous_url": list_url(request, after=page.previous) if page.previous else "",
    }


def _tabs(request: HttpRequest, filters: Filters, found: dict[str, int]) -> list[dict[str, Any]]:
    return [
        {
            "url": list_url(request, state="" if state == "open" else state),
            "label": label,
            "count": counting.words(found[state]),
            "current": state == filters.state,
        }
        for state, label in STATES.items()
    ]


def _choices(request: HttpRequest, filters: Filters) -> dict[str, Any]:
    rep = request.user.is_rep  # type: ignore[union-attr]
    return {
        "owners": [] if rep else list(User.objects.reps().order_by("name", "pk")),
        "stages": list(PipelineStage.objects.filter(active=True)),
        "closings": CLOSINGS.items(),
        "codes": CODES,
    }


def _chips(request: HttpRequest, filters: Filters) -> list[dict[str, str]]:
    words: dict[str, Any] = {
        "Owner": filters.owner and User.objects.filter(pk=filters.owner).first(),
        "Stage": filters.stage and PipelineStage.objects.filter(pk=filters.stage).first(),
        "Currency": filters.currency,
        "Close": CLOSINGS.get(filters.closing, ""),
    }
    keys = {"Owner": "owner", "Stage": "stage", "Currency": "currency", "Close": "closing"}
    return [
        {"label": label, "value": str(value), "remove_url": list_url(request, **{keys[label]: ""})}
        for label, value in words.items()
        if value
    ]
