"""The SQL inbox: the rep decides. List and lead side by side, or a board; on a phone one of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts.access import roles
from accounts.models import User
from handoff import counting
from handoff.clock import database_now
from handoff.faces import chips, face
from handoff.inbox import BY_KEY, GROUPS, Filters, Inbox, Shown, neighbours, row_of, shown, totals
from handoff.models import Handoff, Opportunity, SlaClock
from handoff.pausing import pausing
from handoff.services import snoozing
from handoff.standing import outcome_words, passed_to, stamp
from leads.models import Activity, Lead, OutreachTask
from scoring.models import QualificationCycle

Kind = SlaClock.Kind
ACTIVITIES = 6  # shown beside the decision; the lead's page has them all
LISTED = ("due", "later", "working")  # what is snoozed stands behind its own link
FILTER_WORDS = {"band": "Fit", "score": "Score", "source": "Source"}
see_inbox = roles("rep", "manager")


@see_inbox
@require_GET
def inbox(request: HttpRequest) -> HttpResponse:
    """The list, with the most urgent lead open beside it, or the board; with `after` more rows of one group."""
    context = list_context(request)
    if request.wants_fragment:  # type: ignore[attr-defined]
        return render(request, _fragment(request, context), context)
    return render(request, "handoff/inbox.html", context | _most_urgent(request, context))


def _most_urgent(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The first lead of the list; what stands beside it has been read with the list."""
    if context["board"] or (first := first_of(context["groups"])) is None:
        return {}
    second = next(iter([item.handoff.pk for group in context["groups"] for item in group.items][1:]), None)
    return detail_context(request, first, None if context["paged"] else (None, second))


@see_inbox
@require_GET
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    handoff = find(request, pk)
    if request.wants_fragment:  # type: ignore[attr-defined]
        return render(request, "handoff/_lead.html", detail_context(request, handoff))
    context = list_context(request, board=False) | detail_context(request, handoff)
    return render(request, "handoff/inbox.html", context | {"view": "detail"})


def find(request: HttpRequest, pk: int) -> Handoff:
    handoffs: Any = Handoff.objects.visible_to(request.user).with_people()
    handoff = handoffs.select_related("answered_by", "cycle__closed_by").filter(pk=pk).first()
    if handoff is None:
        raise Http404
    return handoff


def inbox_of(request: HttpRequest) -> Inbox:
    return Inbox(request.user, database_now(), Filters.read(request.GET, request.user))


def keys_of(request: HttpRequest, board: bool = False) -> tuple[str, ...]:
    show = request.GET.get("show", "")
    return (show,) if show in BY_KEY else tuple(group.key for group in GROUPS) if board else LISTED


def list_context(request: HttpRequest, *, board: bool | None = None) -> dict[str, Any]:
    mine = inbox_of(request)
    board = request.GET.get("as") == "board" if board is None else board
    counts, after = totals(mine), request.GET.get("after", "")
    after = after if request.GET.get("show") in BY_KEY else ""
    groups = shown(mine, keys_of(request, board), counts, after=after)
    groups = [replace(group, more_url=_more_url(mine, group, board)) for group in groups]
    query = kept_query(request)
    return {
        "outreach": list(OutreachTask.objects.visible_to(request.user).due_soon()[:3]),
        "groups": groups if board else [group for group in groups if group.items],
        "board": board,
        "inbox": mine,
        "show": BY_KEY.get(request.GET.get("show", "")),
        "paged": bool(after),
        "snoozed": counting.words(counts["snoozed"]) if counts["snoozed"] else "",
        "query": urlencode(query),
        "list_url": list_url(query),
        "board_url": list_url(query | {"as": "board"}),
        "here_url": list_url(query | ({"as": "board"} if board else {})),
        "snoozed_url": list_url(mine.filters.query() | {"show": "snoozed"}),
        "whole_url": list_url(mine.filters.query()),
        "clear_url": list_url({"show": request.GET.get("show", "")}),
        "news_query": urlencode(
            {
                **query,
                **({"as": "board"} if board else {}),
                **({"cut": 1} if after else {}),
                "since": mine.now.isoformat(),
            }
        ),
        **_filter_context(request, mine.filters),
    }


def _filter_context(request: HttpRequest, filters: Filters) -> dict[str, Any]:
    user: Any = request.user
    given = filters.query()
    return {
        "filters": filters,
        "filtered": bool(given),
        "reps": [] if user.is_rep else list(User.objects.reps().order_by("name", "pk")),
        "chips": [
            {"label": word, "value": given[name], "url": list_url(kept_query(request) | {name: ""})}
            for name, word in FILTER_WORDS.items()
            if name in given
        ],
    }


def _fragment(request: HttpRequest, context: dict[str, Any]) -> str:
    if context["paged"]:
        return "handoff/_more.html"
    return "handoff/_lanes.html" if context["board"] else "handoff/_triage.html"


def first_of(found: list[Shown]) -> Handoff | None:
    return next((item.handoff for group in found for item in group.items), None)


def kept_query(request: HttpRequest) -> dict[str, str]:
    """Filters and group of the list somebody came from."""
    known = Filters.read(request.GET, request.user).query()
    show = request.GET.get("show", "")
    return known | {"show": show} if show in BY_KEY else known


def inbox_url(request: HttpRequest, handoff: Handoff | None = None) -> str:
    return list_url(kept_query(request), handoff.pk if handoff else None)


def list_url(query: dict[str, str], pk: int | None = None) -> str:
    url = reverse("handoff:inbox_detail", args=[pk]) if pk else reverse("handoff:inbox")
    said = urlencode({name: value for name, value in query.items() if value})
    return f"{url}?{said}" if said else url


def _more_url(mine: Inbox, group: Shown, board: bool) -> str:
    if not group.next:
        return ""
    more = {"show": group.group.key, "after": group.next}
    return list_url(mine.filters.query() | ({"as": "board"} if board else {}) | more)


def detail_context(
    request: HttpRequest, handoff: Handoff, beside: tuple[int | None, int | None] | None = None
) -> dict[str, Any]:
    """`beside`: the handoffs before and after it, if they are known."""
    mine = inbox_of(request)
    clocks = {clock.kind: clock for clock in SlaClock.objects.filter(handoff=handoff)}
    accept, touch = clocks.get(Kind.ACCEPT), clocks.get(Kind.FIRST_TOUCH)
    decision = clocks.get(Kind.DISPOSITION)
    query = kept_query(request)
    deal = Opportunity.objects.visible_to(request.user).filter(handoff=handoff).first()
    return {
        "handoff": handoff,
        "stamp": stamp(handoff, clocks.values(), mine.now),
        "outcome": outcome_words(handoff, mine.now),
        "lead": handoff.lead,
        "theirs": is_theirs(request.user, handoff),
        "passed_to": passed_to(handoff),
        "reasons": chips(handoff.cycle.reason),
        "clocks": [
            ("inbox", "Accept or reject", accept, face(accept, mine.now, met="Answered")),
            ("phone", "First touch", touch, face(touch, mine.now, met="First touch met")),
            ("handshake", "Decide", decision, face(decision, mine.now, met="Decided")),
        ],
        **pausing(clocks.values(), mine.now, acts=_may_act(request.user, handoff)),
        **_history(request.user, handoff),
        "deal": deal,
        "inbox_query": urlencode(query),
        "lead_query": urlencode({"inbox": handoff.pk, **query}),
        "back_url": list_url(query),
        "too_late_to_snooze": snoozing.too_late(clocks.values(), mine.now),
        **_beside(request, beside or neighbours(mine, row_of(handoff), keys_of(request))),
        **_rights(request.user, handoff, mine, deal),
    }


def _beside(request: HttpRequest, beside: tuple[int | None, int | None]) -> dict[str, str]:
    before, after = beside
    query = kept_query(request)
    return {
        "before_url": list_url(query, before) if before else "",
        "after_url": list_url(query, after) if after else "",
    }


def is_theirs(user: Any, handoff: Handoff) -> bool:
    """A rep keeps the record of what was handed to them, but reads no more of a lead that is no longer theirs."""
    if not user.is_rep or (handoff.lead.owner_id == user.pk and handoff.lead.merged_into_id is None):
        return True
    return Lead.objects.visible_to(user).filter(pk=handoff.lead_id).exists()


def _may_act(user: Any, handoff: Handoff) -> bool:
    return handoff.answerable_by(user) and handoff.cycle.closed_at is None


def _rights(user: Any, handoff: Handoff, mine: Inbox, deal: Opportunity | None) -> dict[str, bool]:
    """What the buttons offer; an open deal has to be closed before anybody sends its lead away."""
    acts = _may_act(user, handoff)
    live = acts and not (handoff.rejected_at or handoff.withdrawn_at)
    snoozed = bool(handoff.snoozed_until and handoff.snoozed_until > mine.now)
    bound = deal is not None and deal.is_open
    return {
        "may_answer": acts and handoff.is_open,
        "may_reject": acts and handoff.is_open and not bound,
        "may_touch": live and bool(handoff.accepted_at),
        "may_move": live,
        "may_recycle": live and not bound,
        "deal_first": live and bound,
        "may_snooze": live and not snoozed,
        "may_wake": live and snoozed,
    }


def _history(user: Any, handoff: Handoff) -> dict[str, Any]:
    if not is_theirs(user, handoff):
        return {}
    return {"former": _former_cycles(handoff), "activities": _activities(handoff)}


def _former_cycles(handoff: Handoff) -> list[QualificationCycle]:
    """What became of this lead before; the rep who gets it now must know."""
    cycles = QualificationCycle.objects.filter(lead=handoff.lead, n__lt=handoff.cycle.n)
    return list(cycles.select_related("closed_by").order_by("-n")[:5])


def _activities(handoff: Handoff) -> list[Activity]:
    return list(
        Activity.objects.filter(lead=handoff.lead).select_related("shape").newest_first()[:ACTIVITIES]
    )
