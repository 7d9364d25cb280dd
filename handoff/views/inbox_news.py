"""What happened to the list since it was drawn: how many are new, and which of its rows somebody else has taken."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_GET

from handoff import counting
from handoff.inbox import Inbox, Item, item_of
from handoff.models import Handoff, SlaClock
from handoff.views.inbox import inbox_of, kept_query, list_url, see_inbox

OVERLAP = timedelta(seconds=5)  # an offer's time is when its transaction began, not when it could be seen
MOST = 300  # rows a page can name
ROW = re.compile(r"(\d{1,18})([ow])")


@see_inbox
@require_GET
def news(request: HttpRequest) -> HttpResponse:
    """`since` is when the list was drawn, `shown` its rows: o for an offer, w for one being worked."""
    mine, since = inbox_of(request), _since(request)
    shown = {int(pk): state for pk, state in ROW.findall(request.GET.get("shown", ""))[:MOST]}
    rows = [(item, "") for item in _late(mine, shown, since)]
    rows += [(Item(handoff, None), _gone_words(handoff, mine.now)) for handoff in _gone(mine, shown)]
    fresh = counting.counts({"fresh": _fresh(mine, shown, since)})["fresh"]
    board = request.GET.get("as") == "board"
    context = {
        "fresh": counting.words(fresh) if fresh else "",
        "here_url": list_url(kept_query(request) | ({"as": "board"} if board else {})),
        "rows": rows,
        "query": urlencode(kept_query(request)),
        "reps": not mine.user.is_rep,
        "board": board,
    }
    return render(request, "handoff/_fresh.html", context)


def _since(request: HttpRequest) -> datetime:
    try:
        said = parse_datetime(request.GET.get("since", "").replace(" ", "+"))
    except ValueError:
        said = None
    return said if said and timezone.is_aware(said) else timezone.now()


def _fresh(mine: Inbox, shown: dict[int, str], since: datetime) -> QuerySet[SlaClock]:
    came = Q(handoff__offered_at__gt=since - OVERLAP) | Q(handoff__snoozed_until__gt=since)
    return mine.offers().filter(mine.in_sight(), came).exclude(handoff__in=shown)


def _late(mine: Inbox, shown: dict[int, str], since: datetime) -> list[Item]:
    late = mine.offers().filter(handoff__in=shown, breached_at__gt=since)
    return [item_of(clock, mine.now) for clock in late]


def _gone(mine: Inbox, shown: dict[int, str]) -> list[Handoff]:
    handoffs: Any = Handoff.objects.visible_to(mine.user).filter(pk__in=shown).with_people()
    found = handoffs.select_related("answered_by", "cycle__closed_by")
    return [
        row for row in found if _gone_words(row, mine.now) and not (shown[row.pk] == "w" and _worked(row))
    ]


def _worked(handoff: Handoff) -> bool:
    return bool(handoff.accepted_at) and handoff.cycle.closed_at is None


def _gone_words(handoff: Handoff, now: datetime) -> str:
    """Who took it off the list, and when; empty while it belongs there."""
    moment = handoff.accepted_at or handoff.rejected_at or handoff.withdrawn_at
    if handoff.cycle.closed_at and not moment:
        return _words(handoff.cycle.get_outcome_display(), handoff.cycle.closed_by, handoff.cycle.closed_at)
    if moment:
        word = "Taken back" if handoff.withdrawn_at else handoff.answer.capitalize()
        return _words(word, handoff.answered_by, moment)
    return "Snoozed" if handoff.snoozed_until and handoff.snoozed_until > now else ""


def _words(word: str, who: Any, moment: datetime) -> str:
    by = f" by {who.name[:40]}" if who else ""
    return f"{word}{by}, {timezone.localtime(moment):%H:%M}"
