"""Changing a list of blocks: add, move, copy, remove, and the parts and conditions inside of a block. Pure.

A place is "" for the mail itself, or the id of a block and the number of its part: "b4.1". Every change answers with
a list of its own; what was given stays as it was.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

from nurturing.content.schema import (
    KINDS,
    LEAVES,
    MOST_BLOCKS,
    MOST_CONDITIONS,
    MOST_PARTS,
    Block,
    Content,
    every,
    new,
    part,
    parts_of,
)


class CannotEdit(ValueError):
    """Says in words why this change is not possible; nothing was changed."""


def add(content: Content, kind: str, place: str = "") -> tuple[Content, str]:
    """At the end of a place. Returns the id of the new block too."""
    if kind not in KINDS:
        raise CannotEdit("There is no such kind of block.")
    content = copy.deepcopy(content)
    _check_room(content, 1)
    target, block_id = _list_at(content, place), _unused(content)
    _check_fits(kind, place)
    target.append(new(kind, block_id))
    return content, block_id


def shift(content: Content, block_id: str, by: int) -> Content:
    """One up (-1) or down (1) among its neighbours; at the end of the line nothing happens."""
    content = copy.deepcopy(content)
    siblings, index = _found(content, block_id)
    other = index + by
    if 0 <= other < len(siblings):
        siblings[index], siblings[other] = siblings[other], siblings[index]
    return content


def put(content: Content, block_id: str, place: str, index: int) -> Content:
    """Before the block that has that number in the place now; a number too large means the end."""
    content = copy.deepcopy(content)
    siblings, at = _found(content, block_id)
    _check_fits(siblings[at]["kind"], place)
    target = _list_at(content, place)
    if target is siblings and index > at:
        index -= 1
    target.insert(max(0, index), siblings.pop(at))
    return content


def duplicate(content: Content, block_id: str) -> tuple[Content, str]:
    """Behind the original. Returns the id of the copy too."""
    content = copy.deepcopy(content)
    siblings, index = _found(content, block_id)
    twin = copy.deepcopy(siblings[index])
    _check_room(content, len(list(every([twin]))))
    for number, block in enumerate(every([twin])):
        block["id"] = _unused(content, number)
    siblings.insert(index + 1, twin)
    return content, twin["id"]


def remove(content: Content, block_id: str) -> Content:
    content = copy.deepcopy(content)
    siblings, index = _found(content, block_id)
    del siblings[index]
    return content


def add_part(content: Content, block_id: str) -> Content:
    """A third column; one more variant, before the default."""
    content = copy.deepcopy(content)
    block = _block(content, block_id)
    parts, most = parts_of(block), {"columns": 3, "personal": MOST_PARTS}.get(block["kind"], 0)
    if len(parts) >= most:
        raise CannotEdit(f"There is no room for another one: {most} is the most.")
    if block["kind"] == "columns":
        parts.append(part())
    else:
        parts.insert(len(parts) - 1, part(values=[]))
    return content


def remove_part(content: Content, block_id: str, number: int) -> Content:
    """With what is in it. Two columns, one variant and the default stay."""
    content = copy.deepcopy(content)
    block = _block(content, block_id)
    parts = parts_of(block)
    removable = len(parts) if block["kind"] == "columns" else len(parts) - 1
    if block["kind"] == "conditional" or len(parts) <= 2 or not 0 <= number < removable:
        raise CannotEdit("This part has to stay.")
    del parts[number]
    return content


def add_condition(content: Content, block_id: str) -> Content:
    content = copy.deepcopy(content)
    rows = _conditions(content, block_id)
    if len(rows) >= MOST_CONDITIONS:
        raise CannotEdit(f"A block has at most {MOST_CONDITIONS} conditions.")
    rows.append({"field": "", "op": "is", "value": ""})
    return content


def remove_condition(content: Content, block_id: str, number: int) -> Content:
    content = copy.deepcopy(content)
    rows = _conditions(content, block_id)
    del rows[number : number + 1]
    return content


def insert(content: Content, block: Block, place: str) -> None:
    """A block that is there already, at the end of a place; changes `content`. For reading forms."""
    if any(each["id"] == block["id"] for each in every(content)):
        raise CannotEdit("A block came twice. Nothing was saved; reload the page.")
    _check_fits(block["kind"], place)
    _list_at(content, place).append(block)


def _lists(content: Content) -> Iterator[Content]:
    yield content
    for block in content:
        for inner in parts_of(block):
            yield inner["blocks"]


def _found(content: Content, block_id: str) -> tuple[Content, int]:
    for siblings in _lists(content):
        for index, block in enumerate(siblings):
            if block["id"] == block_id:
                return siblings, index
    raise CannotEdit("This block is gone by now.")


def _block(content: Content, block_id: str) -> Block:
    siblings, index = _found(content, block_id)
    return siblings[index]


def _conditions(content: Content, block_id: str) -> list[dict[str, Any]]:
    block = _block(content, block_id)
    if block["kind"] != "conditional":
        raise CannotEdit("Only a conditional block has conditions.")
    rows: list[dict[str, Any]] = block["conditions"]
    return rows


def _list_at(content: Content, place: str) -> Content:
    if not place:
        return content
    block_id, _, number = place.partition(".")
    parts = parts_of(_block(content, block_id))
    if not re.fullmatch(r"[0-9]{1,2}", number) or int(number) >= len(parts):
        raise CannotEdit("This place is gone by now.")
    blocks: Content = parts[int(number)]["blocks"]
    return blocks


def _check_fits(kind: str, place: str) -> None:
    if place and kind not in LEAVES:
        raise CannotEdit(f"{KINDS[kind]} cannot stand inside of another block.")


def _check_room(content: Content, more: int) -> None:
    if sum(1 for _ in every(content)) + more > MOST_BLOCKS:
        raise CannotEdit(f"A mail has at most {MOST_BLOCKS} blocks.")


def _unused(content: Content, further: int = 0) -> str:
    numbers = [int(block["id"][1:]) for block in every(content) if re.fullmatch(r"b[0-9]{1,6}", block["id"])]
    return f"b{max(numbers, default=0) + 1 + further}"
