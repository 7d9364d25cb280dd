"""The MQL queue: marketing decides what sales sees next."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts.access import roles
from handoff import counting, keyset, repairs
from handoff.clock import database_now
from handoff.faces import face
from handoff.figures import acceptance, hand_off_time
from handoff.models import Handoff, SlaClock
from handoff.queue import BY_KEY, VIEWS, Filters, Row, view_counts
from handoff.rejections import mixes, names_of
from scoring.models import QualificationCycle

LIST_KEYS = ("tab", "q", "score", "band", "source", "country", "reason", "rule", "after")
WORDS = {
    "score": "Score",
    "band": "Band",
    "source": "Source",
    "country": "Country",
    "reason": "Reason",
    "rule": "Rule",
}
MOST_AT_ONCE = 200  # each is a transaction; more than a page should make somebody wait for
see_queue = roles("marketer", "manager")


@see_queue
@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    context = list_context(request)
    if request.wants_fragment:  # type: ignore[attr-defined]
        return render(request, "handoff/_queue.html", context)
    return render(request, "handoff/queue.html", context)


@see_queue
@require_GET
def detail(request: HttpRequest, cycle_pk: int) -> HttpResponse:
    """One lead's sheet beside the list."""
    context = sheet_context(request, find_cycle(request, cycle_pk))
    if request.wants_fragment:  # type: ignore[attr-defined]
        return render(request, "handoff/_sheet.html", context)
    return render(request, "handoff/queue.html", list_context(request) | context)


def find_cycle(request: HttpRequest, pk: int) -> QualificationCycle:
    related = ("lead__company", "lead__score", "version")
    cycle = QualificationCycle.objects.visible_to(request.user).select_related(*related).filter(pk=pk).first()
    if cycle is None:
        raise Http404
    return cycle


def filters_of(request: HttpRequest) -> Filters:
    read = request.GET.get
    score = read("score", "").strip()
    return Filters(
        q=read("q", "")[:200].replace("\0", ""),
        score=int(score) if score.lstrip("-").isdecimal() and len(score) < 6 else None,
        band=read("band", "")[:2].upper() if read("band", "")[:1].upper() in "ABCD" else "",
        source=read("source", "")[:100].replace("\0", ""),
        country=read("country", "")[:100].replace("\0", ""),
        reason=read("reason", "") if read("reason", "").isdecimal() and len(read("reason", "")) < 10 else "",
        rule=read("rule", "")[:60].replace("\0", ""),
        view=BY_KEY.get(read("tab", ""), VIEWS[0]),
    )


def list_url(request: HttpRequest, **changes: Any) -> str:
    """The list as it stands, with some parts changed; an empty value drops the part, paging starts anew."""
    query = list_query(request)
    if changes:
        query.pop("after", None)
    query.update({key: str(value) for key, value in changes.items()})
    kept = {key: value for key, value in query.items() if value}
    return f"{reverse('handoff:queue')}?{urlencode(kept)}" if kept else reverse("handoff:queue")


def detail_url(request: HttpRequest, cycle_pk: int) -> str:
    """A lead's sheet beside the list as it stands."""
    query = urlencode(list_query(request))
    return f"{reverse('handoff:queue_detail', args=[cycle_pk])}{'?' if query else ''}{query}"


def list_query(request: HttpRequest) -> dict[str, str]:
    return {key: request.GET[key] for key in LIST_KEYS if request.GET.get(key)}


def page_of(request: HttpRequest, filters: Filters) -> keyset.Page:
    view = filters.view
    rows = filters.apply(view.rows(request.user))
    return keyset.page(rows, view.order, cursor=request.GET.get("after", ""))


def list_context(request: HttpRequest) -> dict[str, Any]:
    filters, now = filters_of(request), database_now()
    page = page_of(request, filters)
    questions = view_counts(request.user)
    filtered = filters != Filters(view=filters.view)
    if filtered:
        questions["matching"] = filters.apply(filters.view.rows(request.user))
    found = counting.counts(questions)
    return {
        "rows": [(row, face(row.clock, now)) for row in map(filters.view.row, page.rows)],
        "view": filters.view,
        "filters": filters,
        "filtered": filtered,
        "chips": _chips(request, filters),
        "tabs": _tabs(request, filters, found),
        "found": {key: counting.words(number) for key, number in found.items()},
        "matching": counting.words(found.get("matching", found[filters.view.key])),
        "rejections": _rejections(request, filters),
        "stats": {"time": hand_off_time(now), "acceptance": acceptance()},
        "next_url": list_url(request, after=page.next) if page.next else "",
        "previous_url": list_url(request, after=page.previous) if page.previous else "",
        "query": urlencode(list_query(request)),
        "clear_url": list_url(request, **dict.fromkeys(("q", *WORDS), "")),
        "may_recycle": request.user.works_in_marketing,  # type: ignore[union-attr]
    }


def _rejections(request: HttpRequest, filters: Filters) -> list[dict[str, Any]]:
    """The week's rejections, counted; each count leads to its leads."""
    if filters.view.key != "rejected":
        return []
    shown = []
    for mix in mixes(filters.apply(filters.view.rows(request.user))):
        shares = [
            {
                "label": share.label,
                "count": share.count,
                "url": list_url(request, **share.filter) if share.filter else "",
            }
            for share in mix.shares
        ]
        shown.append({"title": mix.title, "most": mix.most, "shares": shares})
    return shown


def _chips(request: HttpRequest, filters: Filters) -> list[dict[str, str]]:
    values = {key: getattr(filters, key) for key in WORDS}
    words = {**values, "score": f"{filters.score} or more", **names_of(filters.reason, filters.rule)}
    return [
        {"label": WORDS[key], "value": str(words[key]), "remove_url": list_url(request, **{key: ""})}
        for key, value in values.items()
        if value not in ("", None)
    ]


def _tabs(request: HttpRequest, filters: Filters, found: dict[str, int]) -> list[dict[str, Any]]:
    return [
        {
            "url": list_url(request, tab="" if view is VIEWS[0] else view.key),
            "label": view.label,
            "count": counting.words(found[view.key]),
            "current": view is filters.view,
        }
        for view in VIEWS
    ]


def sheet_context(request: HttpRequest, cycle: QualificationCycle) -> dict[str, Any]:
    now = database_now()
    clocks = SlaClock.objects.filter(cycle=cycle, kind=SlaClock.Kind.HAND_OFF)
    clock = clocks.order_by("-started_at").first()
    live = cycle.handoffs.live().select_related("rep").first()
    row = Row(cycle.lead, getattr(cycle.lead, "score", None), cycle, clock)
    return {
        "selected": cycle,
        "row": row,
        "clock": clock,
        "sla": face(clock, now, met="Handed off"),
        "live": live,
        "deal_first": live is not None and Handoff.objects.with_open_deal().filter(pk=live.pk).exists(),
        "waiting": cycle.closed_at is None and live is None,
        "former": _former(cycle),
        "repair": repairs.open_repair(cycle),
        "holding": cycle.holdings.filter(released_at=None).first(),
        "query": urlencode(list_query(request)),
        "close_url": list_url(request),
        "may_recycle": request.user.works_in_marketing,  # type: ignore[union-attr]
    }


def _former(cycle: QualificationCycle) -> QualificationCycle | None:
    return QualificationCycle.objects.filter(lead=cycle.lead, n__lt=cycle.n).order_by("-n").first()


def cycles_named(request: HttpRequest, values: QueryDict) -> list[int]:
    """Ids ticked in the list or named by a row; anything that is no id is a 404."""
    try:
        return [int(value) for value in values.getlist("cycle")][:MOST_AT_ONCE]
    except ValueError as error:
        raise Http404 from error
