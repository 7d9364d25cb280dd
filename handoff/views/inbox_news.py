"""The list lives: how many are new, which rows left or came back, and whether the open lead is out of date."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from handoff import counting
from handoff.inbox import Inbox
from handoff.inbox_news import Drawn, changed, unseen
from handoff.models import Handoff, SlaClock
from handoff.standing import stamp
from handoff.views.inbox import inbox_of, kept_query, keys_of, list_url, see_inbox


@see_inbox
@require_GET
def news(request: HttpRequest) -> HttpResponse:
    """`since`, `shown` and `ends` say how the list was drawn, `open` and `stamp` which lead stands beside it."""
    mine, drawn = inbox_of(request), Drawn.read(request.GET)
    board = request.GET.get("as") == "board"
    fresh = sum(counting.counts(unseen(mine, keys_of(request, board), drawn)).values())
    context = {
        "fresh": counting.words(fresh) if fresh else "",
        "here_url": list_url(kept_query(request) | ({"as": "board"} if board else {})),
        "stale_url": _stale_url(request, mine),
        "rows": changed(mine, drawn),
        "query": urlencode(kept_query(request)),
        "reps": not mine.user.is_rep,
        "board": board,
    }
    return render(request, "handoff/_fresh.html", context)


def _stale_url(request: HttpRequest, mine: Inbox) -> str:
    """Where the open lead is to be read again; empty while it is as it was shown."""
    pk = request.GET.get("open", "")
    if not pk.isdecimal() or len(pk) > 18:
        return ""
    handoff = Handoff.objects.visible_to(mine.user).select_related("cycle").filter(pk=pk).first()
    if handoff is None:
        return ""
    now = stamp(handoff, SlaClock.objects.filter(handoff=handoff), mine.now)
    return "" if now == request.GET.get("stamp") else list_url(kept_query(request), handoff.pk)
