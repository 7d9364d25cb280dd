"""Where news lead: nobody is sent to a page that is closed to them.

A lead or a deal may go to somebody else, before a rep hears of it or after. They are led to their own record of the
hand-off then, which says who has the lead now and shows no more of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol
from urllib.parse import urlsplit

from django.db.models import QuerySet
from django.urls import Resolver404, resolve, reverse

from handoff.models import Handoff, Opportunity
from leads.models import Lead

LEAD, DEAL = "leads:detail", "handoff:deal"


class News(Protocol):
    @property
    def link(self) -> str: ...

    @property
    def lead_id(self) -> int | None: ...


def links_for(user: Any, news: Sequence[News]) -> list[str]:
    """One each, empty where there is nothing this person may see; at most 3 queries, for others than reps none."""
    if not user.is_rep:
        return [row.link for row in news]
    places = [_place(row.link) for row in news]
    closed = _closed(Lead.objects.visible_to(user), LEAD, places)
    closed |= _closed(Opportunity.objects.visible_to(user), DEAL, places)
    astray = {row.lead_id for row, place in zip(news, places, strict=True) if place in closed}
    own = _own_records(user, astray)
    return [
        own.get(row.lead_id, "") if place in closed else row.link
        for row, place in zip(news, places, strict=True)
    ]


def _place(link: str) -> tuple[str, int]:
    try:
        found = resolve(urlsplit(link).path)
    except Resolver404:
        return "", 0
    return found.view_name, found.kwargs.get("pk", 0)


def _closed(open_to_them: QuerySet, name: str, places: Iterable[tuple[str, int]]) -> set[tuple[str, int]]:
    wanted = {pk for place, pk in places if place == name}
    seen = set(open_to_them.filter(pk__in=wanted).values_list("pk", flat=True)) if wanted else set()
    return {(name, pk) for pk in wanted - seen}


def _own_records(user: Any, leads: Iterable[int | None]) -> dict[int | None, str]:
    """By lead, the newest."""
    asked = [pk for pk in leads if pk is not None]
    if not asked:
        return {}
    rows = Handoff.objects.visible_to(user).filter(lead__in=asked).order_by("pk").values_list("lead_id", "pk")
    return {lead: reverse("handoff:inbox_detail", args=[pk]) for lead, pk in rows}
