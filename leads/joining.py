"""Two descriptions of one person: which value of each field stands, and why. Pure: no database, no clock.

What a person typed or filled in stands before what a machine said, then the newer stands before the older; between
equals the lead that stays keeps its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from leads.provenance import PEOPLE, Entry

MINE, THEIRS = "mine", "theirs"
WORDS = {
    "typed": "a colleague typed it",
    "form": "they filled it in themselves",
    "api": "it came through the API",
    "import": "it came with an import",
    "enriched": "a data provider said it",
    "campaign": "a campaign set it",
}


class Line(NamedTuple):
    """One thing that a merge does, for the page that asks before. `lasting`: taking it apart does not undo it."""

    words: str
    lasting: bool = False


class Proposal(NamedTuple):
    side: str
    why: str


def differing(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    """Fields to choose for: the other one knows something, and not the same."""
    return [name for name, value in theirs.items() if not _blank(value) and value != mine.get(name)]


def gaps(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    """What only the other one knows."""
    return [name for name in differing(mine, theirs) if _blank(mine.get(name))]


def propose(mine: Any, theirs: Any, my_entry: Entry | None, their_entry: Entry | None) -> Proposal:
    if _blank(mine):
        return Proposal(THEIRS, "Only this one is known.")
    if _blank(theirs):
        return Proposal(MINE, "Only this one is known.")
    if _by_person(my_entry) != _by_person(their_entry):
        return Proposal(
            MINE if _by_person(my_entry) else THEIRS, "A person said it, and a machine the other."
        )
    if my_entry and their_entry and _at(my_entry) != _at(their_entry):
        side, entry = (MINE, my_entry) if _at(my_entry) > _at(their_entry) else (THEIRS, their_entry)
        return Proposal(side, f"It is the newer one, of {_at(entry):%-d %b %Y}.")
    return Proposal(MINE, "The lead that stays has it.")


def source_words(entry: Entry | None) -> str:
    """`They filled it in themselves, 3 Mar 2025`; blank when nobody noted it."""
    if not entry:
        return ""
    source = str(entry["source"])
    return f"{_capital(WORDS.get(source, source))}, {_at(entry):%-d %b %Y}"


def joined(names: Iterable[str]) -> str:
    """`a, b and c`"""
    *first, last = [*names] or [""]
    return f"{', '.join(first)} and {last}" if first else last


def _by_person(entry: Entry | None) -> bool:
    return bool(entry) and (entry or {})["source"] in PEOPLE


def _at(entry: Entry) -> datetime:
    return datetime.fromisoformat(entry["at"])


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _blank(value: Any) -> bool:
    """As leads.models.no_value, which this pure room does not know."""
    return value is None or value == "" or value == []
