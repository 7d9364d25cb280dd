"""Keyset pages, newest first: a cursor is the id of the last row, so page 400 is as fast as page 1."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.http import HttpRequest

SIZE = 25


class Page(NamedTuple):
    rows: list[Any]
    previous_url: str
    next_url: str


def page(request: HttpRequest, rows: QuerySet[Any], size: int = SIZE) -> Page:
    """`?after=` or `?before=` an id; a cursor that is no number gives the first page."""
    before, after = _id(request, "before"), _id(request, "after")
    if before:
        found = list(rows.filter(pk__gt=before).order_by("pk")[: size + 1])
        shown = found[:size][::-1]
        more_before, more_after = len(found) > size, True
    else:
        rows = rows.filter(pk__lt=after) if after else rows
        found = list(rows.order_by("-pk")[: size + 1])
        shown = found[:size]
        more_before, more_after = bool(after), len(found) > size
    return Page(
        shown,
        _url(request, before=shown[0].pk) if shown and more_before else "",
        _url(request, after=shown[-1].pk) if shown and more_after else "",
    )


def _id(request: HttpRequest, name: str) -> int:
    value = request.GET.get(name, "")
    return int(value) if value.isdecimal() and len(value) < 19 else 0


def _url(request: HttpRequest, **cursor: int) -> str:
    query = request.GET.copy()
    for name in ("before", "after"):
        query.pop(name, None)
    query.update({name: str(value) for name, value in cursor.items()})
    return f"?{query.urlencode()}"
