"""A mail as bytes with slots: compiled once for each step, filled for each lead.

Building a message with the email package costs about eight times what sending it costs, so everything that is
the same for all leads is encoded once. What differs is a slot: a merge field, a tracked link, an address.

Encoding  both parts are quoted-printable; each slot stands between soft line breaks, so no line gets too long
Headers   values lose control characters and are encoded by RFC 2047, so no name can add a header
Pure      no database, no clock, no settings; the caller gives addresses, times and the organisation
"""

from __future__ import annotations

import quopri
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, formataddr
from html import escape
from typing import Any, NamedTuple

from nurturing import markup, merging
from nurturing.markup import FONT, Piece

BREAK = b"=\r\n"
BOUNDARY = "=_tandem_parts"  # "=_" never occurs in quoted-printable text
UNSAFE = re.compile(rb"[^ !-<>-~]")


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


class Addresses(NamedTuple):
    """What one message links to. `link` answers a target of the body with its tracked address; a test has no pixel."""

    unsubscribe: str
    pixel: str
    link: Callable[[str], str]
    mailto: str = ""  # the same wish by mail; a test has none


class Letter(NamedTuple):
    """What differs from lead to lead."""

    key: str
    to_address: str
    values: Mapping[str, Any]
    addresses: Addresses
    at: datetime  # for the Date header


class Mail:
    """One step's mail, compiled."""

    def __init__(self, *, subject: str, body: str, sender: Sender, list_name: str) -> None:
        self.subject = markup.inline(subject)
        self.sender = sender
        self.list_id = f"<{list_name}.{sender.domain}>"
        self.sender_header = _from(sender)
        pieces = markup.parts(body)
        self.text = _chunks([*pieces.text, *_text_footer(sender)])
        self.html = _chunks([*_html_head(), *pieces.html, *_html_footer(sender)])
        self.fields = {piece.value for piece in (*pieces.text, *pieces.html) if piece.kind == "field"}

    def fill(self, letter: Letter) -> bytes:
        """The whole message with CRLF line ends. Raises CannotCompose."""
        words = self._words(letter.values)
        text = _join(self.text, letter, words, html=False)
        html = _join(self.html, letter, words, html=True)
        return b"".join((self._headers(letter), _part("plain"), text, _part("html"), html, _END))

    def subject_for(self, values: Mapping[str, Any]) -> str:
        words = [merging.fill(value, values) if kind == "field" else value for kind, value in self.subject]
        return merging.clean("".join(words)) or "(no subject)"

    def _headers(self, letter: Letter) -> bytes:
        unsubscribe = f"<{letter.addresses.unsubscribe}>"
        if letter.addresses.mailto:
            unsubscribe += f",\r\n <{letter.addresses.mailto}>"
        lines = (
            f"From: {self.sender_header}",
            f"To: {envelope_address(letter.to_address)}",
            f"Subject: {_header(self.subject_for(letter.values), 'Subject')}",
            f"Date: {format_datetime(letter.at)}",
            f"Message-ID: {message_id(letter.key, self.sender.domain)}",
            f"List-Unsubscribe: {unsubscribe}",
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
            f"List-Id: {self.list_id}",
            "Auto-Submitted: auto-generated",
            "Precedence: bulk",
            "MIME-Version: 1.0",
            f'Content-Type: multipart/alternative; boundary="{BOUNDARY}"',
        )
        return "\r\n".join((*lines, "", "")).encode("ascii")

    def as_html(self, letter: Letter) -> str:
        """The HTML part in plain, for the preview."""
        words = self._words(letter.values)
        pieces = [
            chunk if isinstance(chunk, Piece) else Piece("static", _decoded(chunk)) for chunk in self.html
        ]
        return "".join(_value(piece, letter, words, html=True) for piece in pieces)

    def _words(self, values: Mapping[str, Any]) -> Words:
        """Each merge field once, though it stands in text and HTML."""
        return {field: merging.fill(field, values) for field in self.fields}


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


def _from(sender: Sender) -> str:
    name = merging.clean(sender.name)
    if name.isascii():
        return formataddr((name, envelope_address(sender.address)))
    return f"{_header(name, 'From')} <{envelope_address(sender.address)}>"


def _header(value: str, name: str) -> str:
    """Encoded by RFC 2047 and folded when needed."""
    if value.isascii() and len(value) + len(name) < 75 and "=?" not in value:
        return value
    return Header(value, "utf-8", header_name=name).encode(linesep="\r\n")


Chunk = bytes | Piece


def _chunks(pieces: list[Piece]) -> list[Chunk]:
    """Neighbouring static pieces joined and encoded; slots left between them."""
    chunks: list[Chunk] = []
    static = ""
    for piece in [*pieces, Piece("end", "")]:
        if piece.kind == "static":
            static += piece.value
            continue
        if static:
            chunks.append(quoted(static))
        static = ""
        chunks.append(piece)
    return chunks[:-1]


def _join(chunks: list[Chunk], letter: Letter, words: Words, *, html: bool) -> bytes:
    parts: list[bytes] = []
    for chunk in chunks:
        if isinstance(chunk, bytes):
            parts.append(chunk)
        else:
            parts += (BREAK, quoted(_value(chunk, letter, words, html=html)), BREAK)
    return b"".join(parts)


def _value(piece: Piece, letter: Letter, words: Words, *, html: bool) -> str:
    addresses = letter.addresses
    if piece.kind == "static":
        return piece.value
    if piece.kind == "field":
        value = words[piece.value]
    elif piece.kind == "link":
        value = addresses.link(piece.value)
    elif piece.kind == "pixel":
        return f'<img src="{escape(addresses.pixel)}" width="1" height="1" alt="">' if addresses.pixel else ""
    else:
        value = addresses.unsubscribe
    return escape(value) if html else value


def quoted(text: str) -> bytes:
    """Quoted-printable (RFC 2045), CRLF between lines, no line over 76 characters."""
    return b"\r\n".join(_quoted_line(line) for line in text.split("\n"))


def _quoted_line(line: str) -> bytes:
    data = line.rstrip("\r").encode("utf-8")
    coded = UNSAFE.sub(lambda found: b"=%02X" % found[0][0], data)
    if coded.endswith(b" "):
        coded = coded[:-1] + b"=20"
    pieces = []
    while len(coded) > 74:
        cut = 74 - next((back for back in (1, 2) if coded[74 - back] == 61), 0)  # never inside "=C3"
        pieces.append(coded[:cut])
        coded = coded[cut:]
    return BREAK.join([*pieces, coded])


def _decoded(chunk: bytes) -> str:
    return quopri.decodestring(chunk).decode("utf-8").replace("\r\n", "\n")


def _part(subtype: str) -> bytes:
    return (
        f"\r\n--{BOUNDARY}\r\nContent-Type: text/{subtype}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    ).encode()


_END = f"\r\n--{BOUNDARY}--\r\n".encode()


def reason(sender: Sender) -> str:
    return f"You get this because you shared this address with {sender.organisation}."


def _text_footer(sender: Sender) -> list[Piece]:
    return [
        Piece("static", f"-- \n{reason(sender)}\nUnsubscribe: "),
        Piece("unsubscribe", ""),
        Piece("static", f"\n{sender.organisation}\n{sender.postal_address}\n"),
    ]


def _html_head() -> list[Piece]:
    head = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Mail</title></head>\n'
        f'<body style="margin:0;padding:24px;background:#ffffff;color:#1b2130;{FONT};font-size:15px;line-height:1.5">\n'
        '<div style="max-width:560px">\n'
    )
    return [Piece("static", head)]


def _html_footer(sender: Sender) -> list[Piece]:
    postal = escape(f"{sender.organisation}\n{sender.postal_address}").replace("\n", "<br>\n")
    return [
        Piece(
            "static",
            f'<p style="margin:28px 0 0;padding-top:12px;border-top:1px solid #d9dde6;color:#5b6475;{FONT};',
        ),
        Piece("static", f'font-size:12px">{escape(reason(sender))} <a style="color:#5b6475" href="'),
        Piece("unsubscribe", ""),
        Piece("static", f'">Unsubscribe</a><br>\n{postal}</p>\n</div>\n'),
        Piece("pixel", ""),
        Piece("static", "</body></html>\n"),
    ]
