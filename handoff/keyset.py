"""Pages without OFFSET: a cursor holds the sort values of a row, and the next page begins after them."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.core.exceptions import ValidationError
from django.db.models import F, Q, QuerySet


@dataclass(frozen=True)
class By:
    """One level of the order; `field` is a lookup path. Unknown values (NULL) come last."""

    field: str
    descending: bool = False
    nullable: bool = False

    def expression(self, backwards: bool) -> Any:
        down = self.descending != backwards
        if not self.nullable:
            return F(self.field).desc() if down else F(self.field).asc()
        order = {"nulls_first": True} if backwards else {"nulls_last": True}
        return F(self.field).desc(**order) if down else F(self.field).asc(**order)

    def beyond(self, value: Any, backwards: bool) -> Q:
        if value is None:
            return Q(**{f"{self.field}__isnull": False}) if backwards else Q(pk__in=())
        sign = "lt" if self.descending != backwards else "gt"
        past = Q(**{f"{self.field}__{sign}": value})
        return past | Q(**{f"{self.field}__isnull": True}) if self.nullable and not backwards else past

    def same(self, value: Any) -> Q:
        return Q(**{f"{self.field}__isnull": True}) if value is None else Q(**{self.field: value})

    def read(self, row: Any) -> Any:
        for name in self.field.split("__"):
            row = getattr(row, name)
        return row


@dataclass(frozen=True)
class Page:
    rows: list[Any]
    next: str = ""  # cursors; empty when there is no such page
    previous: str = ""


def page(rows: QuerySet, order: tuple[By, ...], *, cursor: str = "", size: int = 25) -> Page:
    """A cursor that cannot be read, such as one from another list, gives the first page."""
    position = _decode(cursor)
    if position is None or len(position["at"]) != len(order):
        return _cut(rows, order, {"at": None, "back": False}, size)
    try:
        return _cut(rows, order, position, size)
    except (ValueError, TypeError, ValidationError):
        return _cut(rows, order, {"at": None, "back": False}, size)


def cursor_after(order: tuple[By, ...], row: Any) -> str:
    """For a page that begins below this row, even once the row has left the list."""
    return _encode(order, row, False)


def up_to(order: tuple[By, ...], cursor: str) -> Q:
    """Rows above the page that this cursor asks for; none when it cannot be read."""
    position = _decode(cursor)
    if position is None or len(position["at"]) != len(order):
        return Q(pk__in=())
    last = Q()
    for by, value in zip(order, position["at"], strict=True):
        last &= by.same(value)
    return _after(order, position["at"], True) | last


def beside(rows: QuerySet, order: tuple[By, ...], row: Any | None, *, back: bool) -> Any | None:
    """The row before or after this one; without one, the last or the first."""
    if row is not None:
        rows = rows.filter(_after(order, [by.read(row) for by in order], back))
    return rows.order_by(*(by.expression(back) for by in order)).first()


def _cut(rows: QuerySet, order: tuple[By, ...], position: dict[str, Any], size: int) -> Page:
    at, back = position["at"], position["back"]
    if at is not None:
        rows = rows.filter(_after(order, at, back))
    found = list(rows.order_by(*(by.expression(back) for by in order))[: size + 1])
    more, found = len(found) > size, found[:size]
    if back:
        found.reverse()
    if not found:
        return Page([])
    forward = _encode(order, found[-1], False) if more or back else ""
    backward = _encode(order, found[0], True) if (more if back else at is not None) else ""
    return Page(found, forward, backward)


def _after(order: tuple[By, ...], at: list[Any], back: bool) -> Q:
    beyond, same = Q(pk__in=()), Q()
    for by, value in zip(order, at, strict=True):
        beyond |= same & by.beyond(value, back)
        same &= by.same(value)
    return _bound(order[0], at[0], back) & beyond


def _bound(by: By, value: Any, back: bool) -> Q:
    """Says of the first level alone what `beyond` says already: where an index may begin to read."""
    if value is None or (by.nullable and not back):
        return Q()
    return Q(**{f"{by.field}__{'lte' if by.descending != back else 'gte'}": value})


def _encode(order: tuple[By, ...], row: Any, back: bool) -> str:
    values = [by.read(row) for by in order]
    values = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    return urlsafe_b64encode(orjson.dumps({"at": values, "back": back})).decode().rstrip("=")


def _decode(cursor: str) -> dict[str, Any] | None:
    try:
        position = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return {"at": list(position["at"]), "back": position["back"] is True}
    except (ValueError, KeyError, TypeError):
        return None
