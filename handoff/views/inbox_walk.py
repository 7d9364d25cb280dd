"""Next and previous on a lead's own page, when somebody came there from the inbox: the address says from which row."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.http import HttpRequest
from django.urls import reverse

from handoff.clock import database_now
from handoff.inbox import BY_KEY, Filters, Inbox, neighbours, row_of
from handoff.models import Handoff
from handoff.views.inbox import LISTED, list_url


def inbox_walk(request: HttpRequest, lead_pk: int) -> dict[str, Any]:
    """Nothing, unless the page around this fragment was opened from a row of this person's inbox."""
    here = urlsplit(request.htmx.current_url or "")  # type: ignore[attr-defined]
    said = dict(parse_qsl(here.query))
    pk = said.get("inbox", "")
    handoffs = Handoff.objects.visible_to(request.user).filter(lead=lead_pk)
    handoff = (
        handoffs.filter(pk=pk).select_related("cycle").first() if pk.isdecimal() and len(pk) < 19 else None
    )
    if handoff is None or request.user.role == "marketer":  # type: ignore[union-attr]
        return {}
    filters = Filters.read(said, request.user)
    show = {"show": said["show"]} if said.get("show") in BY_KEY else {}
    query = filters.query() | show
    keys = (show["show"],) if show else LISTED
    found = neighbours(Inbox(request.user, database_now(), filters), row_of(handoff), keys)
    before, after = (_lead_url(request, pk, query) for pk in found)
    return {"list_url": list_url(query, handoff.pk), "before_url": before, "after_url": after}


def _lead_url(request: HttpRequest, pk: int | None, query: dict[str, str]) -> str:
    handoff = Handoff.objects.visible_to(request.user).filter(pk=pk).first() if pk else None
    if handoff is None:
        return ""
    return f"{reverse('leads:detail', args=[handoff.lead_id])}?{urlencode({'inbox': handoff.pk, **query})}"
