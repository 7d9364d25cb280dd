"""What keeps a mail from going live, in words that name the block. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from nurturing import merging
from nurturing.content import choosing, markup
from nurturing.content.schema import UPLOADED, Block, HasContent, every, names, part_name, parts_of
from scoring.validation import condition_problem

MOST_FIELDS = 200  # merge fields of one mail


class Problem(NamedTuple):
    """`block` is its id; empty for the subject, the preview line and the mail as a whole."""

    text: str
    block: str = ""


def problems(step: HasContent, known: Mapping[str, Any]) -> list[Problem]:
    """`known`: the fields that conditions and personal blocks may ask, as leads.fields names them."""
    own = [key.removeprefix("custom.") for key in known if key.startswith("custom.")]
    named = names(step.content)
    found = [Problem(text) for text in _of_envelope(step, own)]
    for block in every(step.content):
        said = dict.fromkeys(_of_block(block, known, own))
        found += [Problem(f"{named[block['id']]}: {text}", block["id"]) for text in said]
    return found


def _of_envelope(step: HasContent, own: Collection[str]) -> Iterator[str]:
    if not step.subject.strip():
        yield "The mail has no subject."
    if not step.content:
        yield "The mail has no text."
    yield from merging.problems(step.subject, own)
    yield from merging.problems(step.preheader, own)
    words = [text for block in every(step.content) for text in block.values() if isinstance(text, str)]
    if sum(len(merging.FIELD.findall(text)) for text in words) > MOST_FIELDS:
        yield f"A mail has at most {MOST_FIELDS} merge fields."


def _of_block(block: Block, known: Mapping[str, Any], own: Collection[str]) -> Iterator[str]:
    for key in ("text", "alt"):
        yield from merging.problems(block.get(key, ""), own)
    yield from OF_KIND[block["kind"]](block)
    for key in choosing.fields_of(block):
        if not key:
            yield "Choose a field."
        elif key not in known:
            yield f"There is no field {key[:60]}."


def _of_words(block: Block) -> Iterator[str]:
    if not block["text"].strip():
        yield "It has no words."


def _of_text(block: Block) -> Iterator[str]:
    yield from _of_words(block)
    yield from markup.problems(block["text"])


def _of_image(block: Block) -> Iterator[str]:
    src = block["src"].strip()
    if not src:
        yield "It has no picture."
    elif not UPLOADED.fullmatch(src) and not (src.startswith("https://") and markup.is_web_address(src)):
        yield "The address of a picture must begin with https://."
    if not block["alt"].strip():
        yield "Say in words what the picture shows, for those who do not see it."
    if block["link"]:
        yield from markup.target_problems(block["link"])


def _of_button(block: Block) -> Iterator[str]:
    yield from _of_words(block)
    if not block["link"].strip():
        yield "It leads nowhere. Give it an address."
    else:
        yield from markup.target_problems(block["link"])


def _of_parts(block: Block) -> Iterator[str]:
    for number, part in enumerate(parts_of(block)):
        if not part["blocks"]:
            yield f"There is nothing in its {part_name(block, number)}."


def _of_columns(block: Block) -> Iterator[str]:
    if not 2 <= len(block["parts"]) <= 3:
        yield "There are two or three columns."
    yield from _of_parts(block)


def _of_personal(block: Block) -> Iterator[str]:
    *variants, default = block["parts"]
    if not default["blocks"]:
        yield "It has no default: who fits no variant would read nothing."
    if not variants:
        yield "It has no variant."
    for number, part in enumerate(variants, 1):
        if not part["values"]:
            yield f"Say for whom variant {number} is."
        if not part["blocks"]:
            yield f"There is nothing in its variant {number}."


def _of_conditional(block: Block) -> Iterator[str]:
    if not block["conditions"]:
        yield "Say when it is shown."
    for number, row in enumerate(block["conditions"], 1):
        problem = condition_problem(choosing.condition(row)) if row["field"] else None
        if problem:
            yield f"Condition {number}: {problem}"
    yield from _of_parts(block)


OF_KIND = {
    "heading": _of_words,
    "text": _of_text,
    "image": _of_image,
    "button": _of_button,
    "divider": lambda _block: iter(()),
    "columns": _of_columns,
    "personal": _of_personal,
    "conditional": _of_conditional,
}
