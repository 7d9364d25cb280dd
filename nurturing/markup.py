"""What a marketer types, as text and as HTML: paragraphs, **bold**, lists, links and one button.

    A blank line begins a paragraph; "- " begins a list entry; [words](https://...) is a link;
    [button: words](https://...) alone in a paragraph is the button.

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
BUTTON = re.compile(rf"\[button:\s*([^\]\n]{{1,80}})\]\({TARGET}\)\Z", re.IGNORECASE)
BARE = re.compile(r"https?://[^\s<>()\[\]\"']*[^\s<>()\[\]\"'.,;:!?]")
BOLD = re.compile(r"\*\*(.+?)\*\*")
INLINE = re.compile(rf"({merging.FIELD.pattern})|{LINK.pattern}|({BARE.pattern})", re.DOTALL)

FONT = "font-family:Helvetica,Arial,sans-serif"
P = "margin:0 0 16px"
BUTTON_STYLE = (
    "display:inline-block;padding:11px 18px;border-radius:8px;background:#1f4fb4;color:#ffffff;"
    "text-decoration:none;font-weight:bold"
)


class Piece(NamedTuple):
    """`kind`: static (ready text), field (a merge field) or link (a target, to be replaced by its tracked address)."""

    kind: str
    value: str


class Parts(NamedTuple):
    text: list[Piece]
    html: list[Piece]


def problems(body: str) -> list[str]:
    """What is wrong with the links of a body, in words."""
    found = []
    for target in links(body):
        if "{{" in target:
            found.append("A link must not contain a merge field: it could lead anywhere.")
        elif not is_web_address(target):
            found.append(f"The link {target[:80] or '(empty)'} must begin with https:// or http://.")
    if sum(1 for block in blocks(body) if BUTTON.match(block)) > 1:
        found.append("A mail has at most one button.")
    return found


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


def blocks(body: str) -> list[str]:
    lines = body.replace("\r\n", "\n").replace("\r", "\n")
    return [block.strip() for block in re.split(r"\n\s*\n", lines) if block.strip()]


def parts(body: str) -> Parts:
    """The body as pieces of the text part and of the HTML part."""
    text: list[Piece] = []
    html: list[Piece] = []
    for block in blocks(body):
        text += [*_text_block(block), Piece("static", "\n\n")]
        html += [*_html_block(block), Piece("static", "\n")]
    return Parts(text, html)


def inline(source: str) -> list[Piece]:
    """For a subject: merge fields and the text between them."""
    return [Piece("field" if part.startswith("{{") else "static", part) for part in _split_fields(source)]


def _split_fields(source: str) -> Iterator[str]:
    for part in re.split(f"({merging.FIELD.pattern})", source, flags=re.DOTALL):
        if part:
            yield part


def _text_block(block: str) -> list[Piece]:
    button = BUTTON.match(block)
    if button:
        return [*inline(button[1]), Piece("static", ":\n"), Piece("link", button[2])]
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


def _html_block(block: str) -> list[Piece]:
    button = BUTTON.match(block)
    if button:
        return _anchor(button[1], button[2], BUTTON_STYLE, f'<p style="{P}">', "</p>")
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
            pieces += _anchor(label, target, "color:#1f4fb4")
    return pieces


def _html_text(source: str) -> str:
    return BOLD.sub(r"<b>\1</b>", escape(source)).replace("\n", "<br>\n")


def _anchor(label: str, target: str, style: str, before: str = "", after: str = "") -> list[Piece]:
    words = [Piece(kind, _html_text(value) if kind == "static" else value) for kind, value in inline(label)]
    return [
        Piece("static", f'{before}<a href="'),
        Piece("link", target),
        Piece("static", f'" style="{style}">'),
        *words,
        Piece("static", f"</a>{after}"),
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
