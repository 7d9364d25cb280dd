"""Blocks: the JSON of a mail's content.

heading      {"text"}                       one line; merge fields, **bold**
text         {"text"}                       paragraphs, lists, links: see markup
image        {"src", "alt", "link", "width"}  src is an https address or "asset:" and the id of an uploaded picture
button       {"text", "link"}
divider      {}
columns      {"parts": [part, part]}        two or three
personal     {"field", "parts": [part, …]}    a part is for whoever has one of its `values`, the last for all others
conditional  {"conditions": [{"field", "op", "value"}], "parts": [part]}

Every block has an `id` and a `kind`; a part is {"blocks": […]} and holds the first five kinds only.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any, Protocol

import orjson

from nurturing.content import markup

Block = dict[str, Any]
Content = list[Block]

LEAVES = {
    "heading": "Heading",
    "text": "Text",
    "image": "Image",
    "button": "Button",
    "divider": "Divider",
}
KINDS = LEAVES | {
    "columns": "Columns",
    "personal": "Personal block",
    "conditional": "Conditional block",
}
WIDTHS = {"full": "Full width", "half": "Half", "small": "Small"}
ASSET = "asset:"
UPLOADED = re.compile(rf"{ASSET}[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}")

BUTTON = re.compile(rf"\[button:\s*([^\]\n]{{1,80}})\]\({markup.TARGET}\)\Z", re.IGNORECASE)

MOST_BLOCKS = 100
MOST_PARTS = 10  # of a personal block, the default included
MOST_CONDITIONS = 10
LONGEST = {"text": 10_000, "alt": 300, "src": 2_000, "link": 2_000, "values": 500, "value": 500}
LONGEST_LINE = 200  # a heading, the words of a button


class HasContent(Protocol):
    subject: str
    preheader: str
    content: Content


def new(kind: str, block_id: str) -> Block:
    """An empty block. Raises KeyError for a kind that is none."""
    empty: dict[str, Block] = {
        "heading": {"text": ""},
        "text": {"text": ""},
        "image": {"src": "", "alt": "", "link": "", "width": "full"},
        "button": {"text": "", "link": ""},
        "divider": {},
        "columns": {"parts": [part(), part()]},
        "personal": {"field": "", "parts": [part(values=[]), part()]},
        "conditional": {"conditions": [], "parts": [part()]},
    }
    return {"id": block_id, "kind": kind, **empty[kind]}


def part(**more: Any) -> dict[str, Any]:
    return {**more, "blocks": []}


def parts_of(block: Block) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = block.get("parts", [])
    return found


def every(content: Content) -> Iterator[Block]:
    """Blocks and those inside them, as they are read."""
    for block in content:
        yield block
        for inner in parts_of(block):
            yield from inner["blocks"]


def part_name(block: Block, number: int) -> str:
    """ "column 2", "variant 1", "default"; `number` begins with 0."""
    if block["kind"] == "columns":
        return f"column {number + 1}"
    if block["kind"] == "personal":
        return "default" if number == len(block["parts"]) - 1 else f"variant {number + 1}"
    return "inside"


def names(content: Content) -> dict[str, str]:
    """{id: "Block 3 (image)"}, for messages."""
    found = {}
    for place, block in enumerate(content, 1):
        found[block["id"]] = f"Block {place} ({KINDS[block['kind']].lower()})"
        for number, inner in enumerate(parts_of(block)):
            where = f"Block {place}, {part_name(block, number)}"
            for inner_place, leaf in enumerate(inner["blocks"], 1):
                found[leaf["id"]] = f"{where}, {KINDS[leaf['kind']].lower()} {inner_place}"
    return found


def texts(block: Block) -> list[str]:
    """What of this block is read as words, merge fields included."""
    return [block[key] for key in ("text", "alt") if block.get(key)]


def targets(block: Block) -> list[str]:
    """Where the links of this block lead, as typed."""
    found = markup.links(block["text"]) if block["kind"] == "text" else []
    return found + ([block["link"]] if block.get("link") else [])


def links(step: HasContent) -> list[str]:
    """Web addresses that this mail links to, each once, in order."""
    found = (target for block in every(step.content) for target in targets(block))
    return list(dict.fromkeys(filter(markup.is_web_address, found)))


def from_text(body: str) -> Content:
    """Plain text as blocks: a paragraph that is `[button: words](https://...)` becomes one, the rest is text."""
    content: Content = []
    for paragraph in markup.paragraphs(body):
        button = BUTTON.match(paragraph)
        if button:
            content.append({**new("button", f"b{len(content) + 1}"), "text": button[1], "link": button[2]})
        elif content and content[-1]["kind"] == "text":
            content[-1]["text"] += f"\n\n{paragraph}"
        else:
            content.append({**new("text", f"b{len(content) + 1}"), "text": paragraph})
    return content


def as_typed(content: Content) -> str:
    """All words in order, for counting and searching; no merge field is filled."""
    return "\n".join(text for block in every(content) for text in texts(block))


def token(step: HasContent) -> str:
    """Changes with every change of the mail: who saves says which state they saw."""
    said = orjson.dumps([step.subject, step.preheader, step.content], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(said).hexdigest()[:20]
