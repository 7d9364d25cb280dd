"""Which part of a block a lead gets to read. Pure: what is known of the lead comes as a function.

A personal block shows the first part that names the lead's value, else its default; several values of one field,
such as technologies, match when any does. A conditional block shows when all its conditions hold. What is not known
meets no condition but "is not known", as everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nurturing.content.schema import Block
from scoring.conditions import Verdict, all_of, verdict
from scoring.language import Condition

Facts = Callable[[str], Any]  # the key of a field -> its value, None when not known
SHOWN, HIDDEN = 0, 1  # of a conditional block
Chooser = Callable[[Facts], int]


def nothing(_key: str) -> None:
    """Facts about somebody of whom nothing is known."""


def chooser(block: Block) -> Chooser:
    """The number of the part to show; HIDDEN for a conditional block that does not show."""
    return _personal(block) if block["kind"] == "personal" else _conditional(block)


def fields_of(block: Block) -> list[str]:
    if block["kind"] == "personal":
        return [block["field"]]
    return [row["field"] for row in block.get("conditions", [])]


def condition(row: dict[str, Any]) -> Condition:
    value = row.get("value")
    return Condition(row["field"], row["op"], tuple(value) if isinstance(value, list) else value)


def _personal(block: Block) -> Chooser:
    field, named = block["field"], [tuple(part["values"]) for part in block["parts"][:-1]]
    conditions = [Condition(field, "in", values) for values in named]

    def choose(facts: Facts) -> int:
        value = facts(field)
        found = (number for number, each in enumerate(conditions) if verdict(each, value) >= Verdict.LOOSE)
        return next(found, len(conditions))

    return choose


def _conditional(block: Block) -> Chooser:
    conditions = [condition(row) for row in block["conditions"]]

    def choose(facts: Facts) -> int:
        held = all_of(verdict(each, facts(each.field)) for each in conditions)
        return SHOWN if held >= Verdict.LOOSE else HIDDEN

    return choose
