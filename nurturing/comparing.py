"""What changed between two versions, in words, by the keys of the steps. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nurturing import kinds

Row = Mapping[str, Any]
Rows = Sequence[Row]
ADD, DELETE, MODIFY = "add", "del", "mod"


@dataclass
class Change:
    """`op` is add, del or mod; each detail is (what, before, after), with empty texts where words would be too long."""

    op: str
    key: str
    title: str
    details: list[tuple[str, str, str]] = field(default_factory=list)


def changes(old: Rows, new: Rows) -> list[Change]:
    """As `services.drafting.snapshot` gives them. In the order of the new version, what is gone at the end."""
    before, after = ({row["key"]: row for row in rows} for rows in (old, new))
    moved = _moved(before, after)
    found = []
    for key, row in after.items():
        if key not in before:
            found.append(Change(ADD, key, title_of(row)))
        else:
            details = _details(before[key], row) + ([("Moved", "", "")] if key in moved else [])
            if details:
                found.append(Change(MODIFY, key, title_of(row), details))
    return found + [Change(DELETE, key, title_of(row)) for key, row in before.items() if key not in after]


def title_of(row: Row) -> str:
    return kinds.title(row["kind"], row["settings"] or {}, row["subject"])


def _details(old: Row, new: Row) -> list[tuple[str, str, str]]:
    found = []
    for name, label in (("subject", "Subject"), ("preheader", "Preview line")):
        if old.get(name, "") != new.get(name, ""):
            found.append((label, str(old.get(name) or "empty"), str(new.get(name) or "empty")))
    if old.get("content") != new.get("content"):
        found.append(("What the mail says", "", ""))
    if old["settings"] != new["settings"]:
        titles = title_of(old), title_of(new)
        found.append(("Settings", *(titles if titles[0] != titles[1] else ("", ""))))
    return found


def _moved(before: Mapping[str, Row], after: Mapping[str, Row]) -> set[str]:
    """Into another list, or to another place among those that stayed in theirs."""
    common = before.keys() & after.keys()
    elsewhere = {key for key in common if _list(before[key]) != _list(after[key])}
    found = set(elsewhere)
    for place in {_list(after[key]) for key in common}:
        stayed = [key for key in common - elsewhere if _list(after[key]) == place]
        old = sorted(stayed, key=lambda key: before[key]["position"])
        new = sorted(stayed, key=lambda key: after[key]["position"])
        found |= {key for key, other in zip(old, new, strict=True) if key != other}
    return found


def _list(row: Row) -> tuple[Any, Any]:
    return row["parent"], row["branch"]
