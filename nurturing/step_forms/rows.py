"""Rows of conditions inside of a form: those that are kept, and one to add. Blank rows are left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from leads.fields import Field
from nurturing.forms import Row
from nurturing.segments import BadDefinition, vocabulary
from scoring import language, validation

MOST_ROWS = 6
Reader = Callable[[Row], dict[str, Any]]


class Unreadable(ValueError):
    """Says in words what is wrong with a row."""


class Rows:
    """Typed as three lists of values: NAME_field, NAME_op, NAME_value."""

    def __init__(self, name: str, data: Any, kept: Sequence[Mapping[str, Any]], read: Reader) -> None:
        self.name, self._read = name, read
        self.rows = self._typed(data) if data is not None else [_row(each) for each in kept]
        if len(self.rows) < MOST_ROWS and not (self.rows and self.rows[-1].blank):
            self.rows.append(Row())

    def values(self) -> list[dict[str, Any]]:
        """What is typed, read; a row that cannot be read keeps its error."""
        found = []
        for row in self.rows:
            if not row.blank:
                try:
                    found.append(self._read(row))
                except (Unreadable, BadDefinition) as error:
                    row.error = str(error)
        return found

    @property
    def wrong(self) -> bool:
        return any(row.error for row in self.rows)

    def _typed(self, data: Any) -> list[Row]:
        lists = (data.getlist(f"{self.name}_{part}")[:MOST_ROWS] for part in ("field", "op", "value"))
        return [Row(*(part[:1000] for part in parts)) for parts in zip(*lists, strict=False)]


def about_deeds(row: Row) -> dict[str, Any]:
    """A condition on what an activity says about itself, such as path or name."""
    parts = [part.strip() for part in row.value.split(",") if part.strip()]
    value: Any = None
    if row.op not in ("known", "unknown"):
        value = parts if row.op in ("in", "not_in", "contains_word", "starts_with", "between") else row.value
    frozen = tuple(value) if isinstance(value, list) else value
    problem = validation.condition_problem(language.Condition(row.field.strip(), row.op, frozen))
    if problem:
        raise Unreadable(problem[:1].upper() + problem[1:])
    return {"field": row.field.strip(), "op": row.op, "value": value}


def about_leads(known: Mapping[str, Field]) -> Reader:
    def read(row: Row) -> dict[str, Any]:
        field = known.get(row.field)
        if field is None:
            raise Unreadable("Choose a field.")
        return {"field": row.field, "op": row.op, "value": vocabulary.read(field, row.op, row.value)}

    return read


def _row(kept: Mapping[str, Any]) -> Row:
    return Row(str(kept.get("field", "")), str(kept.get("op", "is")), vocabulary.written(kept.get("value")))
