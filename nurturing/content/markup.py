"""What a marketer types, as text and as HTML: paragraphs, **bold**, lists and links.

    A blank line begins a paragraph; "- " begins a list entry; [words](https://...) is a link.

Merge fields pass through untouched, as pieces of their own, so that a mail can be compiled once and filled for
each lead. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import NamedTuple
from urllib.parse import urlsplit

from nurturing import merging

TARGET = r"((?:\{\{[^}]*\}\}|[^)\s])*)"  # a merge field is read as part of it, so that it can be refused
LINK = re.compile(rf"\[([^\]\n]{{1,200}})\]\({TARGET}\)")
BARE = re.compile(r"https?://[^\s<>()\[\]\"']*[^\s<>()\[\]\"'.,;:!?]")
BOLD = re.compile(r"\*\*(.+?)\*\*")
INLINE = re.compile(rf"({merging.FIELD.pattern})|{LINK.pattern}|({BARE.pattern})", re.DOTALL)

FONT = "font-family:Helvetica,Arial,sans-serif"
P = "margin:0 0 16px"
LINK_STYLE = "color:#1f4fb4"


class Piece(NamedTuple):
    """`kind`: static (ready text), field (a merge field) or link (a target, to be replaced by its tracked address)."""

    kind: str
    value: str


class Parts(NamedTuple):
    text: list[Piece]
    html: list[Piece]


def problems(body: str) -> list[str]:
    """What is wrong with the links of a text, in words."""
    return [problem for target in links(body) for problem in target_problems(target)]


def target_problems(target: str) -> list[str]:
    if "{{" in target:
        return ["A link must not contain a merge field: it could lead anywhere."]
    if not is_web_address(target):
        return [f"The link {target[:80] or '(empty)'} must begin with https:// or http://."]
    return []


def links(body: str) -> list[str]:
    """Targets in order of appearance, each once."""
    targets = [match[2] for match in LINK.finditer(body)]
    rest = LINK.sub(" ", merging.FIELD.sub(" ", body))
    return list(dict.fromkeys([*targets, *BARE.findall(rest)]))


def is_web_address(target: str) -> bool:
    try:
        parts = urlsplit(target)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and len(target) <= 2000


def paragraphs(body: str) -> list[str]:
    lines = body.replace("\r\n", "\n").replace("\r", "\n")
    return [block.strip() for block in re.split(r"\n\s*\n", lines) if block.strip()]


def parts(body: str) -> Parts:
    """A text as pieces of the text part and of the HTML part."""
    text: list[Piece] = []
    html: list[Piece] = []
    for paragraph in paragraphs(body):
        text += [*_text_paragraph(paragraph), Piece("static", "\n\n")]
        html += [*_html_paragraph(paragraph), Piece("static", "\n")]
    return Parts(text, html)


def line(source: str) -> Parts:
    """One line: merge fields and **bold**."""
    pieces = inline(" ".join(source.split()))
    text = [Piece(kind, BOLD.sub(r"\1", value) if kind == "static" else value) for kind, value in pieces]
    return Parts(text, words(pieces))


def words(pieces: list[Piece]) -> list[Piece]:
    return [Piece(kind, _html_text(value) if kind == "static" else value) for kind, value in pieces]


def inline(source: str) -> list[Piece]:
    """For a subject: merge fields and the text between them."""
    return [Piece("field" if part.startswith("{{") else "static", part) for part in _split_fields(source)]


def _split_fields(source: str) -> Iterator[str]:
    for part in re.split(f"({merging.FIELD.pattern})", source, flags=re.DOTALL):
        if part:
            yield part


def _text_paragraph(block: str) -> list[Piece]:
    pieces: list[Piece] = []
    for kind, label, target in _tokens(block):
        if kind == "text":
            pieces.append(Piece("static", BOLD.sub(r"\1", label)))
        elif kind == "field":
            pieces.append(Piece("field", label))
        elif label == target:
            pieces.append(Piece("link", target))
        else:
            pieces += [
                *inline(BOLD.sub(r"\1", label)),
                Piece("static", " ("),
                Piece("link", target),
                Piece("static", ")"),
            ]
    return pieces


def _html_paragraph(block: str) -> list[Piece]:
    lines = block.split("\n")
    if all(line.lstrip().startswith("- ") for line in lines):
        entries = [_html_line(line.lstrip()[2:]) for line in lines]
        inner = [
            piece
            for entry in entries
            for piece in [Piece("static", "<li>"), *entry, Piece("static", "</li>")]
        ]
        return [Piece("static", f'<ul style="{P};padding-left:20px">'), *inner, Piece("static", "</ul>")]
    return [Piece("static", f'<p style="{P}">'), *_html_line(block), Piece("static", "</p>")]


def _html_line(source: str) -> list[Piece]:
    pieces: list[Piece] = []
    for kind, label, target in _tokens(source):
        if kind == "text":
            pieces.append(Piece("static", _html_text(label)))
        elif kind == "field":
            pieces.append(Piece("field", label))
        else:
            pieces += _anchor(label, target)
    return pieces


def _html_text(source: str) -> str:
    return BOLD.sub(r"<b>\1</b>", escape(source)).replace("\n", "<br>\n")


def _anchor(label: str, target: str) -> list[Piece]:
    return [
        Piece("static", '<a href="'),
        Piece("link", target),
        Piece("static", f'" style="{LINK_STYLE}">'),
        *words(inline(label)),
        Piece("static", "</a>"),
    ]


def _tokens(source: str) -> Iterator[tuple[str, str, str]]:
    """(kind, words, target): text, field or link."""
    end = 0
    for match in INLINE.finditer(source):
        if match.start() > end:
            yield "text", source[end : match.start()], ""
        end = match.end()
        if match[1]:
            yield "field", match[1], ""
        elif match[4]:
            yield "link", match[4], match[4]
        else:
            yield "link", match[2], match[3]
    if end < len(source):
        yield "text", source[end:], ""
