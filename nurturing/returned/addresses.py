"""Whom a returned mail is about."""

import re
from email.message import Message

from nurturing.returned.letter import Letter, header

ADDRESS = re.compile(r"[^\s<>()\[\]\",;:|@]{1,120}@[a-z0-9](?:[a-z0-9.-]{0,200}[a-z0-9])?", re.IGNORECASE)
AT_LINE_START = re.compile(
    rf"^(?:[ \t*>|-]|<<<|\d{{3}} |rcpt to:|to:|recipient:|failed:){{0,12}}[<\"']?({ADDRESS.pattern})",
    re.IGNORECASE | re.MULTILINE,
)
MOST = 100  # a mail of ours has one recipient


def of_report(group: Message) -> str:
    """The address we wrote to goes before the one it was forwarded to."""
    for name in ("Original-Recipient", "Final-Recipient", "X-Actual-Recipient"):
        value = header(group, name)
        found = ADDRESS.search(value.rsplit(";", 1)[-1])
        if found:
            return found[0]
    return ""


def of_headers(letter: Letter) -> list[str]:
    return found_in(letter.header("X-Failed-Recipients"))


def of_copy(letter: Letter) -> list[str]:
    named = re.search(r"^to:(.{0,2000})", letter.copy, re.IGNORECASE | re.MULTILINE)
    return found_in(named[1]) if named else []


def found_in(text: str) -> list[str]:
    return list(dict.fromkeys(found[0] for found in ADDRESS.finditer(text)))[:MOST]


def passages(letter: Letter) -> list[tuple[str, str]]:
    """Each recipient with what is said of them: from a line that begins with the address to the next such line."""
    starts = list(AT_LINE_START.finditer(letter.words))[:MOST]
    ours = _correspondents(letter)
    starts = [start for start in starts if start[1].lower() not in ours] or starts
    ends = [*(start.start() for start in starts[1:]), len(letter.words)]
    said: dict[str, str] = {}
    for start, end in zip(starts, ends, strict=False):
        said[start[1]] = said.get(start[1], "") + letter.words[start.start() : end]
    return list(said.items())


def in_words(letter: Letter) -> list[str]:
    ours = _correspondents(letter)
    return [address for address in found_in(letter.words) if address.lower() not in ours]


def _correspondents(letter: Letter) -> set[str]:
    """Who wrote this mail and who got it: rarely those whom it is about."""
    return {address.lower() for address in found_in(f"{letter.header('To')} {letter.header('From')}")}
