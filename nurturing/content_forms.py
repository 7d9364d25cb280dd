"""The form of a mail: all blocks at once, so that no button loses what was typed beside it.

The form says of what it consists (one `block` for each, in order), so it is read without the stored content: what
somebody typed can be shown again whatever happened to the mail meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from nurturing import merging
from nurturing.content import editing, schema
from nurturing.content.editing import CannotEdit
from nurturing.content.schema import Block, Content, HasContent, token
from scoring.conditions import number_of

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
LISTS = ("in", "not_in", "contains_word", "starts_with")
NUMBERS = ("at_least", "at_most", "between")
ENTRY = re.compile(r"(b[0-9]{1,6}) ([a-z]+) (b[0-9]{1,6}\.[0-9]{1,2})? ?([0-9]{1,2}) ([0-9]{1,2})")
LONGEST_ENVELOPE = 200  # subject, preview line


class ContentForm:
    """What is shown in the editor: the stored mail, or what somebody typed, with what is wrong with it."""

    def __init__(self, step: HasContent) -> None:
        self.subject, self.preheader = step.subject, step.preheader
        self.content: Content = step.content
        self.seen = token(step)
        self.errors: dict[str, str] = {}
        self.opened = ""  # the block to show open
        self.uploads: dict[str, Any] = {}  # id of an image block -> the file that came for it
        self.refusal = ""  # why nothing was saved

    @classmethod
    def typed(cls, step: HasContent, data: Mapping[str, Any], files: Mapping[str, Any]) -> ContentForm:
        form = cls(step)
        form.seen = str(data.get("seen", ""))[:20]
        form.subject = form._line(data, "subject", "Subject", LONGEST_ENVELOPE)
        form.preheader = form._line(data, "preheader", "Preview line", LONGEST_ENVELOPE)
        form.content = form._blocks(data)
        images = [block["id"] for block in schema.every(form.content) if block["kind"] == "image"]
        form.uploads = {each: files[f"{each}-upload"] for each in images if f"{each}-upload" in files}
        return form

    def uploaded(self, block_id: str, picture: Any) -> None:
        for block in schema.every(self.content):
            if block["id"] == block_id:
                block["src"] = f"{schema.ASSET}{picture}"

    def values(self) -> dict[str, Any]:
        return {"subject": self.subject, "preheader": self.preheader, "content": self.content}

    def do(self, verb: str) -> None:
        """One of the buttons, such as "up:b3" or "add:text:b4.1". Raises CannotEdit."""
        name, *rest = verb.split(":")
        action = ACTIONS.get(name)
        if action is None:
            return
        try:
            self.content, self.opened = action(self.content, *rest)
        except (TypeError, ValueError) as error:
            if isinstance(error, CannotEdit):
                raise
            raise CannotEdit("This button is not known. Reload the page.") from error

    def _blocks(self, data: Mapping[str, Any]) -> Content:
        content: Content = []
        entries = data.getlist("block")[: schema.MOST_BLOCKS]  # type: ignore[attr-defined]
        for entry in entries:
            found = ENTRY.fullmatch(entry)
            if found is None or found[2] not in schema.KINDS:
                raise CannotEdit("A part of the form did not arrive. Nothing was saved; reload the page.")
            block = self._block(data, found[1], found[2], int(found[4]), int(found[5]))
            editing.insert(content, block, found[3] or "")
        return content

    def _block(self, data: Mapping[str, Any], block_id: str, kind: str, parts: int, rows: int) -> Block:
        block = schema.new(kind, block_id)
        for key in ("text", "alt", "src", "link", "width", "field"):
            if key in block:
                block[key] = self._value(data, block, key)
        if kind in ("columns", "personal"):
            block["parts"] = [schema.part() for _ in range(min(parts, schema.MOST_PARTS))]
        for number, part in enumerate(block.get("parts", [])):
            if kind == "personal" and number < len(block["parts"]) - 1:
                part["values"] = self._values(data, f"{block_id}-values-{number}")
        if kind == "conditional":
            count = min(rows, schema.MOST_CONDITIONS)
            block["conditions"] = [self._condition(data, f"{block_id}-{number}") for number in range(count)]
        return block

    def _value(self, data: Mapping[str, Any], block: Block, key: str) -> str:
        name = f"{block['id']}-{key}"
        if key == "text" and block["kind"] == "text":
            text = _clean(data.get(name, ""))
            return self._short(name, text, "Text", schema.LONGEST["text"])
        longest = schema.LONGEST_LINE if key == "text" else schema.LONGEST.get(key, 60)
        value = self._line(data, name, LABELS[key], longest)
        if key == "src" and not value and schema.UPLOADED.fullmatch(str(data.get(f"{block['id']}-kept", ""))):
            return str(data[f"{block['id']}-kept"])
        return value if key != "width" or value in schema.WIDTHS else "full"

    def _line(self, data: Mapping[str, Any], name: str, label: str, longest: int) -> str:
        return self._short(name, " ".join(_clean(data.get(name, "")).split()), label, longest)

    def _short(self, name: str, value: str, label: str, longest: int) -> str:
        if len(value) > longest:
            self.errors[name] = f"{label}: {len(value):,} characters. At most {longest:,} fit."
        return value

    def _values(self, data: Mapping[str, Any], name: str) -> list[str]:
        return _list(self._line(data, name, "Values", schema.LONGEST["values"]))

    def _condition(self, data: Mapping[str, Any], name: str) -> dict[str, Any]:
        field, op = (self._line(data, f"{name}-{key}", "Field", 120) for key in ("ask", "op"))
        typed = self._line(data, f"{name}-value", "Value", schema.LONGEST["value"])
        return {"field": field, "op": op or "is", "value": read_value(op, typed)}


LABELS = {
    "text": "Words",
    "alt": "What it shows",
    "src": "Address of the picture",
    "link": "Address",
    "width": "Width",
    "field": "Field",
}


def read_value(op: str, typed: str) -> Any:
    """As the rule language has it; what cannot be read stays as typed and is named by the checks."""
    if op in ("known", "unknown"):
        return None
    if op in LISTS:
        return _list(typed)
    if op in NUMBERS:
        numbers = [number_of(part) for part in _list(typed)]
        if not numbers or any(number is None for number in numbers):
            return typed
        plain = [
            int(number) if number == int(number) else float(number)
            for number in numbers
            if number is not None
        ]
        return plain if op == "between" or len(plain) != 1 else plain[0]
    return typed


def shown_value(value: Any) -> str:
    """The reverse of `read_value`."""
    return ", ".join(map(str, value)) if isinstance(value, list) else str("" if value is None else value)


def _list(typed: str) -> list[str]:
    return [part.strip() for part in re.split(r"[,;]", typed) if part.strip()]


def _clean(typed: Any) -> str:
    """Without control characters; word processors turn the quotes of a merge field into typographic ones."""
    text = CONTROL.sub("", str(typed).replace("\r\n", "\n").replace("\r", "\n"))
    return merging.FIELD.sub(lambda found: re.sub("[“”„]", '"', re.sub("[‘’]", "'", found[0])), text)


Action = Callable[..., tuple[Content, str]]

ACTIONS: dict[str, Action] = {
    "add": lambda content, kind, place="": editing.add(content, kind, place),
    "up": lambda content, block: (editing.shift(content, block, -1), block),
    "down": lambda content, block: (editing.shift(content, block, 1), block),
    "put": lambda content, block, place, index: (editing.put(content, block, place, int(index)), block),
    "copy": editing.duplicate,
    "remove": lambda content, block: (editing.remove(content, block), ""),
    "part": lambda content, block: (editing.add_part(content, block), block),
    "unpart": lambda content, block, number: (editing.remove_part(content, block, int(number)), block),
    "condition": lambda content, block: (editing.add_condition(content, block), block),
    "uncondition": lambda content, block, number: (
        editing.remove_condition(content, block, int(number)),
        block,
    ),
}
