"""What the values of a column have in common: number, yes or no, date, or text. Looks at all of them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from leads.importing.encoding import has_strays
from leads.values import DATE_FORMATS, MOST, dated, unanswered

# 007 and 0049… are names, not numbers; so is anything too long to come back unchanged.
PLAIN_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,6})?|-?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?")
YES_OR_NO = frozenset(["yes", "no", "true", "false", "y", "n", "oui", "non", "ja", "nein"])
REMEMBERED = 500  # different values a column; more are simply looked at again


@dataclass
class Column:
    """Narrows down while values pass; starts as anything."""

    number: bool = True
    boolean: bool = True
    orders: set[str] = field(default_factory=lambda: set(DATE_FORMATS))
    answered: bool = False
    _seen: set[str] = field(default_factory=set)

    def look(self, cell: str) -> None:
        if cell in self._seen or not (self.number or self.boolean or self.orders):
            return
        if len(self._seen) < REMEMBERED:
            self._seen.add(cell)
        if unanswered(cell) or has_strays(cell):  # the row of a stray does not go in
            return
        self.answered = True
        word = cell.strip()
        self.number = self.number and PLAIN_NUMBER.fullmatch(word) is not None and len(word) <= len(str(MOST))
        self.boolean = self.boolean and word.casefold() in YES_OR_NO
        self.orders = {order for order in self.orders if dated(word, order)}

    @property
    def type(self) -> str:
        if self.boolean or self.number:
            return "boolean" if self.boolean else "number"
        return "date" if self.orders and self.date_order else "text"

    @property
    def date_order(self) -> str:
        """How to read its dates; blank when they could be read in two ways."""
        return next(iter(self.orders)) if len(self.orders) == 1 else ""


@dataclass(frozen=True)
class Survey:
    """`types`: {column: type} where anything is answered; `orders`: {column: how its dates are written}."""

    types: dict[str, str]
    orders: dict[str, str]
    rows: int


def survey(rows: Iterable[tuple[int, list[str]]], columns: list[str], wanted: Iterable[str]) -> Survey:
    """One pass over the file; `wanted` columns only. Memory is bounded by the number of columns."""
    places = {column: columns.index(column) for column in wanted}
    found = {column: Column() for column in places}
    number = 0
    for number, (_, cells) in enumerate(rows, 1):  # noqa: B007  the last value is the count
        for column, place in places.items():
            if place < len(cells):
                found[column].look(cells[place])
    orders = {name: column.date_order for name, column in found.items() if column.date_order}
    types = {name: column.type for name, column in found.items() if column.answered}
    return Survey(types, orders, number)
