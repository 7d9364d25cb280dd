"""A mail as bytes with slots: compiled once for each step, filled for each lead.

Building a message with the email package costs about eight times what sending it costs, so everything that is
the same for all leads is encoded once. What differs is a slot: a merge field, a tracked link, an address. Personal and
conditional blocks are choices between pieces that are encoded already.

Encoding  both parts are quoted-printable; each slot stands between soft line breaks, so no line gets too long
Headers   values lose control characters and are encoded by RFC 2047, so no name can add a header
Pure      no database, no clock, no settings; the caller gives addresses, times and the organisation
"""

from __future__ import annotations

import quopri
import re
from base64 import b64encode, encodebytes
from binascii import b2a_qp
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime, formataddr
from functools import cache, lru_cache
from html import escape
from typing import Any, NamedTuple

from nurturing import merging
from nurturing.content import Block, compiling, markup
from nurturing.content.choosing import Facts, nothing
from nurturing.content.compiling import Choice, Frame, Node, Picture
from nurturing.content.markup import Piece

BREAK = b"=\r\n"
MIXED = "=_tandem_whole"  # around the parts when a calendar file goes along
BOUNDARY = "=_tandem_parts"  # "=_" never occurs in quoted-printable text
WORD = 39  # bytes in one encoded word: 64 characters, so that none of ours makes a line longer than 76


Words = Mapping[str, str]  # merge field -> what it says for this lead


class CannotCompose(ValueError):
    """This mail cannot be written for this lead; says why in words."""


class Sender(NamedTuple):
    """Who sends: stands in From, in the footer and in the List-Id."""

    organisation: str
    name: str
    address: str
    postal_address: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2] or "localhost"


class Foot(NamedTuple):
    """Our own words under each mail, in its reader's language."""

    language: str = "en"
    unsubscribe: str = "Unsubscribe"
    choose: str = "Choose what we send you"


ENGLISH = Foot()


class Addresses(NamedTuple):
    """What one message links to. `link` answers a target of the body with its tracked address; a test has no pixel."""

    unsubscribe: str
    pixel: str
    link: Callable[[str], str]
    preferences: str = ""  # the page where people choose what they get
    trap: str = ""  # a link that no reader can see; a test has none
    mailto: str = ""  # the same wish by mail; a test has none


class Letter(NamedTuple):
    """What differs from lead to lead."""

    key: str
    to_address: str
    values: Mapping[str, Any]
    addresses: Addresses
    at: datetime  # for the Date header
    facts: Facts = nothing  # what personal and conditional blocks ask
    reason: str = ""  # why this person gets it, for the foot
    calendar: bytes = b""  # a file that goes along


class Mail:
    """One step's mail, compiled."""

    def __init__(
        self,
        *,
        subject: str,
        content: list[Block],
        sender: Sender,
        list_name: str,
        preheader: str = "",
        picture: Picture = str,
        foot: Foot = ENGLISH,
    ) -> None:
        self.subject, self.preheader = markup.inline(subject), markup.inline(preheader)
        self.sender = sender
        self.list_id = f"<{list_name}.{sender.domain}>"
        self.sender_header, self.owner = _from(sender), envelope_address(sender.address)
        self.choosers = compiling.choosers(content)
        text = [*compiling.as_text(content), *_text_footer(sender, foot)]
        html = compiling.as_html(content, _frame(sender, preheader, foot), picture)
        self.text, self.html = _chunks(text), _chunks(html)
        self.fields = {
            piece.value for piece in _pieces([*self.subject, *text, *html]) if piece.kind == "field"
        }

    def fill(self, letter: Letter) -> bytes:
        """The whole message with CRLF line ends. Raises CannotCompose."""
        made = self._made(letter)
        text, html = _join(self.text, made, html=False), _join(self.html, made, html=True)
        parts = [_part("plain"), text, _part("html"), html, _END]
        if letter.calendar:
            parts = [_MIXED_HEAD, *parts, _attached(letter.calendar)]
        return b"".join((self._headers(letter, made.words), *parts))

    def subject_for(self, values: Mapping[str, Any]) -> str:
        return _in_one_line(self.subject, _filled(self.subject, values)) or NO_SUBJECT

    def preheader_for(self, values: Mapping[str, Any]) -> str:
        return _in_one_line(self.preheader, _filled(self.preheader, values))

    def _headers(self, letter: Letter, words: Words) -> bytes:
        unsubscribe = f"<{letter.addresses.unsubscribe}>"
        if letter.addresses.mailto:
            unsubscribe += f",\r\n <{letter.addresses.mailto}>"
        lines = (
            f"From: {self.sender_header}",
            f"To: {envelope_address(letter.to_address)}",
            f"Subject: {_header(_in_one_line(self.subject, words) or NO_SUBJECT, 'Subject')}",
            f"Date: {_date(letter.at.replace(microsecond=0))}",
            f"Message-ID: {message_id(letter.key, self.sender.domain)}",
            f"List-Unsubscribe: {unsubscribe}",
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
            f"List-Id: {self.list_id}",
            f"List-Help: <{letter.addresses.preferences or letter.addresses.unsubscribe}>",
            f"List-Owner: <mailto:{self.owner}>",
            "List-Post: NO",
            "Auto-Submitted: auto-generated",
            "Precedence: bulk",
            "MIME-Version: 1.0",
            MIXED_TYPE if letter.calendar else ALTERNATIVE_TYPE,
        )
        return "\r\n".join((*lines, "", "")).encode("ascii")

    def as_html(self, letter: Letter) -> str:
        """The HTML part in plain, for the preview."""
        return _decoded(_join(self.html, self._made(letter), html=True))

    def as_text(self, letter: Letter) -> str:
        return _decoded(_join(self.text, self._made(letter), html=False))

    def _made(self, letter: Letter) -> _Made:
        """Each merge field and each choice once, though they stand in text and HTML."""
        words = {field: merging.fill(field, letter.values) for field in self.fields}
        chosen = {key: choose(letter.facts) for key, choose in self.choosers.items()}
        return _Made(letter.addresses, cache(letter.addresses.link), words, chosen, letter.reason)


def _filled(pieces: list[Piece], values: Mapping[str, Any]) -> Words:
    return {value: merging.fill(value, values) for kind, value in pieces if kind == "field"}


def _in_one_line(pieces: list[Piece], words: Words) -> str:
    return merging.clean("".join(words[value] if kind == "field" else value for kind, value in pieces))


NO_SUBJECT = "(no subject)"


class _Made(NamedTuple):
    """What one letter puts into the slots."""

    addresses: Addresses
    link: Callable[[str], str]  # a link stands in both parts and is signed once
    words: Words
    chosen: Mapping[str, int]  # id of a block -> number of the option
    reason: str


def message_id(key: str, domain: str) -> str:
    """The same on every try, so that a server that saw the mail can tell."""
    return f"<{key}@{domain}>"


def envelope_address(address: str) -> str:
    """ASCII, one recipient. Raises CannotCompose."""
    local, at, domain = address.strip().rpartition("@")
    try:
        plain = (
            f"{local}@{domain.encode('idna').decode('ascii')}"
            if not domain.isascii()
            else f"{local}@{domain}"
        )
    except UnicodeError:
        plain = ""
    if (
        not at
        or not re.fullmatch(r"[!-~]+@[A-Za-z0-9.-]+", plain)
        or any(mark in plain for mark in '<>,;:"()[]\\')
    ):
        raise CannotCompose("The address cannot be written in a mail.")
    return plain


@lru_cache(maxsize=1)
def _date(at: datetime) -> str:
    """Many mails leave in the same second."""
    return format_datetime(at)


def _from(sender: Sender) -> str:
    name = merging.clean(sender.name)
    if name.isascii():
        return formataddr((name, envelope_address(sender.address)))
    return f"{_header(name, 'From')} <{envelope_address(sender.address)}>"


def _header(value: str, name: str) -> str:
    """Encoded by RFC 2047 and folded when needed; email.header does the same, in twenty times the time."""
    if value.isascii() and len(value) + len(name) < 75 and "=?" not in value:
        return value
    words, word = [], ""
    for char in value:
        if len((word + char).encode()) > WORD:
            words.append(word)
            word = ""
        word += char
    coded = (b64encode(each.encode()).decode() for each in [*words, word])
    return "\r\n ".join(f"=?utf-8?b?{each}?=" for each in coded)


class Fork(NamedTuple):
    """A choice whose options are encoded."""

    block: str
    options: list[list[bytes | Piece]]


Chunk = bytes | Piece | Fork


def _pieces(nodes: list[Node]) -> Iterator[Piece]:
    for node in nodes:
        if isinstance(node, Choice):
            yield from (piece for option in node.options for piece in option)
        else:
            yield node


def _chunks(nodes: Sequence[Node]) -> list[Any]:
    """Neighbouring static pieces joined and encoded; slots and forks left between them."""
    chunks: list[Chunk] = []
    static = ""
    for node in [*nodes, Piece("end", "")]:
        if isinstance(node, Piece) and node.kind == "static":
            static += node.value
            continue
        if static:
            chunks.append(quoted(static))
        static = ""
        options = [_chunks(each) for each in node.options] if isinstance(node, Choice) else []
        chunks.append(Fork(node.block, options) if isinstance(node, Choice) else node)
    return chunks[:-1]


def _join(chunks: Sequence[Chunk], made: _Made, *, html: bool) -> bytes:
    return b"".join([_coded(chunk, made, html=html) for chunk in chunks])


def _coded(chunk: Chunk, made: _Made, *, html: bool) -> bytes:
    if isinstance(chunk, bytes):
        return chunk
    if isinstance(chunk, Fork):
        inside = _join(chunk.options[made.chosen[chunk.block]], made, html=html)
    else:
        inside = quoted(_value(chunk, made, html=html))
    return BREAK + inside + BREAK


def _value(piece: Piece, made: _Made, *, html: bool) -> str:
    addresses = made.addresses
    if piece.kind == "field":
        value = made.words[piece.value]
    elif piece.kind == "link":
        value = made.link(piece.value)
    elif piece.kind == "preferences":
        value = addresses.preferences
    elif piece.kind == "reason":
        value = made.reason
    elif piece.kind == "trap":
        value = addresses.trap
    elif piece.kind == "pixel":
        return f'<img src="{escape(addresses.pixel)}" width="1" height="1" alt="">' if addresses.pixel else ""
    else:
        value = addresses.unsubscribe
    return escape(value) if html else value


def quoted(text: str) -> bytes:
    """Quoted-printable (RFC 2045), CRLF between lines, no line over 76 characters."""
    # The C function breaks lines as the text does: with "\\n" alone, which becomes CRLF afterwards.
    coded = b2a_qp(text.replace("\r", "").encode("utf-8"), header=False, istext=True)
    return coded.replace(b"\n", b"\r\n")


def _decoded(chunk: bytes) -> str:
    return quopri.decodestring(chunk).decode("utf-8").replace("\r\n", "\n")


def _part(subtype: str) -> bytes:
    return (
        f"\r\n--{BOUNDARY}\r\nContent-Type: text/{subtype}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    ).encode()


ALTERNATIVE_TYPE = f'Content-Type: multipart/alternative; boundary="{BOUNDARY}"'
MIXED_TYPE = f'Content-Type: multipart/mixed; boundary="{MIXED}"'
_MIXED_HEAD = f"\r\n--{MIXED}\r\n{ALTERNATIVE_TYPE}\r\n\r\n".encode()


def _attached(calendar: bytes) -> bytes:
    head = (
        f"\r\n--{MIXED}\r\nContent-Type: text/calendar; charset=utf-8; method=PUBLISH\r\n"
        'Content-Disposition: attachment; filename="invitation.ics"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    )
    body = encodebytes(calendar).replace(b"\n", b"\r\n")
    return head.encode() + body + f"\r\n--{MIXED}--\r\n".encode()


_END = f"\r\n--{BOUNDARY}--\r\n".encode()


def _text_footer(sender: Sender, foot: Foot) -> list[Piece]:
    return [
        Piece("static", "-- \n"),
        Piece("reason", ""),
        Piece("static", f"\n{foot.unsubscribe}: "),
        Piece("unsubscribe", ""),
        Piece("static", f"\n{foot.choose}: "),
        Piece("preferences", ""),
        Piece("static", f"\n{sender.organisation}\n{sender.postal_address}\n"),
    ]


def _frame(sender: Sender, preheader: str, foot: Foot) -> Frame:
    title = [Piece("static", escape(sender.organisation))]
    below = _html_footer(sender, foot)
    return Frame(title, markup.words(markup.inline(preheader)), below, [*TRAP, Piece("pixel", "")])


def _html_footer(sender: Sender, foot: Foot) -> list[Piece]:
    postal = escape(f"{sender.organisation}\n{sender.postal_address}").replace("\n", "<br>\n")
    return [
        Piece("static", f'<p lang="{foot.language}" style="{FOOTER}">'),
        Piece("reason", ""),
        Piece("static", ' <a style="color:#5b6475" href="'),
        Piece("unsubscribe", ""),
        Piece("static", f'">{escape(foot.unsubscribe)}</a> · <a style="color:#5b6475" href="'),
        Piece("preferences", ""),
        Piece("static", f'">{escape(foot.choose)}</a><br>\n{postal}</p>\n'),
    ]


TRAP = (  # no words in it, out of the order of keys, and said to be nothing to whoever listens
    Piece(
        "static",
        '<a aria-hidden="true" tabindex="-1" rel="nofollow" style="display:none;mso-hide:all" href="',
    ),
    Piece("trap", ""),
    Piece("static", '"></a>'),
)
FOOTER = "margin:0;padding-top:12px;border-top:1px solid #d9dde6"
