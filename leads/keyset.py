"""Pages of a long list without OFFSET and without counting all: each page starts beside the last row shown.

A list may have rows that lack the value it is sorted by (never active, not scored): those come last in both
directions, newest first. The cursor is opaque; one that cannot be read is the first page.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db.models import Model, Q, QuerySet

SIZE = 50


@dataclass(frozen=True)
class Order:
    """`columns` run in one direction and end in something unique. `relation` must exist for them to be known."""

    key: str
    label: str
    columns: tuple[str, ...]
    relation: str = ""
    descending: bool = True


@dataclass(frozen=True)
class Cursor:
    """Where a page begins: beyond `values` in part `part` of the list, forwards or backwards."""

    part: int = 0
    values: tuple[Any, ...] = ()
    back: bool = False

    def encode(self) -> str:
        return (
            base64.urlsafe_b64encode(orjson.dumps([self.part, self.values, self.back])).decode().rstrip("=")
        )

    @classmethod
    def decode(cls, text: str) -> Cursor:
        try:
            part, values, back = orjson.loads(base64.urlsafe_b64decode(text[:500] + "=="))
            return cls(int(part) % 2, tuple(values), bool(back)) if text else cls()
        except (ValueError, TypeError, binascii.Error):
            return cls()


@dataclass(frozen=True)
class Page:
    rows: list[Any]
    next: str  # cursors; empty at the ends
    previous: str


def page_of(queryset: QuerySet, order: Order, text: str = "", size: int = SIZE) -> Page:
    """At most `size` rows of `queryset` from the cursor on. One query, or two where the unknown begin."""
    cursor = Cursor.decode(text)
    parts = _parts(queryset, order)
    found = _collect(parts, cursor, size + 1)
    more, found = len(found) > size, found[:size]
    if cursor.back:
        found.reverse()
    if not found:
        return Page([], "", "")
    start = Cursor(*_place(parts, found[0]), back=True).encode()
    end = Cursor(*_place(parts, found[-1])).encode()
    before = more if cursor.back else bool(cursor.values)
    after = bool(cursor.values) if cursor.back else more
    return Page([row for _, row in found], end if after else "", start if before else "")


@dataclass(frozen=True)
class _Part:
    queryset: QuerySet
    columns: tuple[str, ...]
    descending: bool


def _parts(queryset: QuerySet, order: Order) -> list[_Part]:
    if not order.relation:
        return [_Part(queryset, order.columns, order.descending)]
    known = queryset.filter(**{f"{order.relation}__isnull": False})
    unknown = queryset.filter(**{f"{order.relation}__isnull": True})
    return [_Part(known, order.columns, order.descending), _Part(unknown, ("pk",), True)]


def _collect(parts: list[_Part], cursor: Cursor, limit: int) -> list[tuple[int, Model]]:
    """(part, row) in the direction of the cursor."""
    found: list[tuple[int, Model]] = []
    first = min(cursor.part, len(parts) - 1)
    rest = range(first, -1, -1) if cursor.back else range(first, len(parts))
    for number in rest:
        part = parts[number]
        falling = part.descending != cursor.back
        rows = part.queryset.order_by(*(f"-{c}" if falling else c for c in part.columns))
        if number == first and len(cursor.values) == len(part.columns):
            rows = rows.filter(_beyond(part.columns, cursor.values, falling))
        found += [(number, row) for row in rows[: limit - len(found)]]
        if len(found) >= limit:
            break
    return found


def _beyond(columns: tuple[str, ...], values: tuple[Any, ...], falling: bool) -> Q:
    """(a, b, c) past (x, y, z), with a plain bound on `a` so that an index can start there."""
    less = "lt" if falling else "gt"
    condition = Q()
    for place in range(len(columns)):
        equal = dict(zip(columns[:place], values, strict=False))
        condition |= Q(**equal, **{f"{columns[place]}__{less}": values[place]})
    return Q(**{f"{columns[0]}__{less}e": values[0]}) & condition


def _place(parts: list[_Part], found: tuple[int, Model]) -> tuple[int, tuple[Any, ...]]:
    number, row = found
    return number, tuple(_value(row, column) for column in parts[number].columns)


def _value(row: Any, column: str) -> Any:
    for name in column.split("__"):
        row = getattr(row, name)
    return row.isoformat() if isinstance(row, datetime) else row


def capped_count(queryset: QuerySet, most: int = 10_000) -> str:
    """`1,204`, or `10,000+`: exact numbers of long lists are not worth their price."""
    found = queryset.order_by()[: most + 1].values("pk").count()
    return f"{most:,}+" if found > most else f"{found:,}"
