"""Blocks become text and HTML, once for each step: pieces that are ready, slots, and choices between pieces.

MJML never sees a word that anybody typed. It gets numbered tokens in their place, and the tokens are replaced in what
it made of them, so no text can become markup, whatever it says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape
from itertools import groupby
from typing import NamedTuple

import mrml

from nurturing.content import markup
from nurturing.content.choosing import Chooser, chooser
from nurturing.content.markup import Piece
from nurturing.content.schema import LEAVES, Block, Content

TOKEN = re.compile(r"@@(\d+|\[\d+|\||\])@@")
WIDTH = 600  # pixels
WIDTHS = {"full": 552, "half": 276, "small": 138}
Picture = Callable[[str], str]  # what stands in `src` -> a web address


class Choice(NamedTuple):
    """Exactly one of `options` is read; `block` names who chooses."""

    block: str
    options: list[list[Piece]]


Node = Piece | Choice


class Frame(NamedTuple):
    """What stands around the blocks, ready for HTML; `tail` is outside of every table."""

    title: list[Piece]
    preheader: list[Piece]
    footer: list[Piece]
    tail: list[Piece]


def choosers(content: Content) -> dict[str, Chooser]:
    return {block["id"]: chooser(block) for block in content if block["kind"] in ("personal", "conditional")}


def as_text(content: Content) -> list[Node]:
    nodes: list[Node] = []
    for block in content:
        options = [_leaves_as_text(part["blocks"]) for part in block.get("parts", [])]
        if block["kind"] in LEAVES:
            nodes += _leaf_as_text(block)
        elif block["kind"] == "columns":
            nodes += [piece for option in options for piece in option]
        else:
            nodes.append(Choice(block["id"], _with_nothing(block, options)))
    return nodes


def as_html(content: Content, frame: Frame, picture: Picture) -> list[Node]:
    slots = _Slots(picture)
    source = _document(content, frame, slots)
    return list(_filled(mrml.to_html(source).content, slots, [block["id"] for block in content]))


def _with_nothing(block: Block, options: list[list[Piece]]) -> list[list[Piece]]:
    """A conditional block may be hidden: its second option."""
    return [*options, []] if block["kind"] == "conditional" else options


# Text


def _leaves_as_text(blocks: Content) -> list[Piece]:
    return [piece for block in blocks for piece in _leaf_as_text(block)]


def _leaf_as_text(block: Block) -> list[Piece]:
    match block["kind"]:
        case "text":
            return markup.parts(block["text"]).text
        case "heading":
            return [*markup.line(block["text"]).text, Piece("static", "\n\n")]
        case "button":
            words = [*markup.line(block["text"]).text, Piece("static", ":\n")]
            return [*words, Piece("link", block["link"]), Piece("static", "\n\n")]
        case "image":
            return _image_as_text(block)
    return [Piece("static", "--------\n\n")]


def _image_as_text(block: Block) -> list[Piece]:
    words = [Piece("static", "["), *markup.inline(_one_line(block["alt"])), Piece("static", "]")]
    target = [Piece("static", "\n"), Piece("link", block["link"])] if block["link"] else []
    return [*words, *target, Piece("static", "\n\n")]


def _one_line(text: str) -> str:
    return " ".join(text.split())


# HTML


class _Slots:
    """Hands out tokens and remembers what stands in their place."""

    def __init__(self, picture: Picture) -> None:
        self.pieces: list[list[Piece]] = []
        self.picture = picture

    def token(self, pieces: list[Piece]) -> str:
        self.pieces.append(pieces)
        return f"@@{len(self.pieces) - 1}@@"

    def static(self, text: str) -> str:
        return self.token([Piece("static", escape(text))])


def _document(content: Content, frame: Frame, slots: _Slots) -> str:
    preheader = f"<mj-preview>{slots.token(frame.preheader)}</mj-preview>" if frame.preheader else ""
    return (
        f'<mjml lang="en"><mj-head><mj-title>{slots.token(frame.title)}</mj-title>{preheader}{HEAD}</mj-head>'
        f'<mj-body width="{WIDTH}px" background-color="#ffffff" css-class="mail">'
        f"{''.join(_rows(content, slots))}"
        f'<mj-section padding="8px 24px 24px"><mj-column><mj-text {FOOTER} css-class="fine">'
        f"{slots.token(frame.footer)}</mj-text></mj-column></mj-section>"
        f"<mj-raw>{slots.token(frame.tail)}</mj-raw></mj-body></mjml>"
    )


def _rows(content: Content, slots: _Slots) -> Iterator[str]:
    """Plain blocks that follow each other share a row; every other block has its own."""
    for plain, group in groupby(enumerate(content), lambda item: item[1]["kind"] in LEAVES):
        if plain:
            yield _row([[block for _, block in group]], slots)
            continue
        for place, block in group:
            yield _compound(block, place, slots)


def _compound(block: Block, place: int, slots: _Slots) -> str:
    parts = [part["blocks"] for part in block["parts"]]
    if block["kind"] == "columns":
        return _row(parts, slots)
    rows = [_row([part], slots) if part else "" for part in parts]
    options = rows if block["kind"] == "personal" else [*rows, ""]
    between = "<mj-raw>@@|@@</mj-raw>".join(options)
    return f"<mj-raw>@@[{place}@@</mj-raw>{between}<mj-raw>@@]@@</mj-raw>"


def _row(columns: list[Content], slots: _Slots) -> str:
    side, gap = (16, "0 8px") if len(columns) > 1 else (24, "0")
    inner = "".join(
        f'<mj-column padding="{gap}">{_leaves(blocks, slots, len(columns))}</mj-column>' for blocks in columns
    )
    return f'<mj-section padding="0 {side}px">{inner}</mj-section>'


def _leaves(blocks: Content, slots: _Slots, columns: int) -> str:
    return "".join(_leaf(block, slots, columns) for block in blocks)


def _leaf(block: Block, slots: _Slots, columns: int) -> str:
    match block["kind"]:
        case "heading":
            words = [Piece("static", f'<h2 style="{HEADING}">'), *markup.line(block["text"]).html]
            return f"<mj-text>{slots.token([*words, Piece('static', '</h2>')])}</mj-text>"
        case "text":
            return f"<mj-text>{slots.token(markup.parts(block['text']).html)}</mj-text>"
        case "image":
            return _image(block, slots, columns)
        case "button":
            target = slots.token([Piece("link", block["link"])])
            return f'<mj-button href="{target}">{slots.token(markup.line(block["text"]).html)}</mj-button>'
    return "<mj-divider/>"


def _image(block: Block, slots: _Slots, columns: int) -> str:
    alt = markup.inline(_one_line(block["alt"]))
    words = slots.token([Piece(kind, escape(value) if kind == "static" else value) for kind, value in alt])
    src = slots.static(slots.picture(block["src"]))
    link = f' href="{slots.token([Piece("link", block["link"])])}"' if block["link"] else ""
    width = WIDTHS.get(block["width"], WIDTH) // columns
    return f'<mj-image src="{src}" alt="{words}" width="{width}px"{link}/>'


def _filled(html: str, slots: _Slots, ids: list[str]) -> Iterator[Node]:
    """The tokens replaced; what stands between [ and ] is a choice."""
    options: list[list[Piece]] = []
    block = ""
    for place, part in enumerate(TOKEN.split(html)):
        if place % 2 == 0:
            pieces = [Piece("static", part)] if part else []
        elif part[0] == "[":
            block, options, pieces = ids[int(part[1:])], [[]], []
        elif part == "|":
            options.append([])
            continue
        elif part == "]":
            yield Choice(block, options)
            options = []
            continue
        else:
            pieces = slots.pieces[int(part)]
        if options:
            options[-1] += pieces
        else:
            yield from pieces


# The look. Mail programs know neither variables nor sheets of their own, so colours stand here.

HEADING = "margin:0 0 4px;font-size:20px;line-height:1.3"
FOOTER = 'font-size="12px" color="#5b6475"'
HEAD = """<mj-attributes>
<mj-all font-family="Helvetica,Arial,sans-serif"/>
<mj-text padding="0" font-size="15px" line-height="1.5" color="#1b2130"/>
<mj-image padding="4px 0 16px" align="left"/>
<mj-button padding="4px 0 20px" align="left" background-color="#1f4fb4" color="#ffffff" border-radius="8px"
 font-size="15px" font-weight="bold" inner-padding="11px 18px" css-class="button"/>
<mj-divider padding="8px 0 24px" border-width="1px" border-color="#d9dde6"/>
</mj-attributes>
<mj-raw><meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">
</mj-raw>
<mj-style>
.mail { padding: 24px 0; }
@media (prefers-color-scheme: dark) {
body, .mail { background: #14181f !important; }
.mail div, .mail h2, .mail p, .mail li, .mail b { color: #e8ebf1 !important; }
.mail .fine div, .mail .fine p { color: #a3acbd !important; }
.mail a { color: #9db8ef !important; }
.mail .button a { color: #ffffff !important; }
}
</mj-style>"""
