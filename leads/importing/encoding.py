"""Which encoding a file is in, by the evidence of all its lines; and what becomes of bytes that do not fit. Pure.

A byte that the chosen encoding has no letter for is a *stray*. It is carried through as a lone surrogate, so that
the one row with it can be listed while the others go in, and it never reaches the database.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import charset_normalizer

STRAYS = "tandem.strays"  # the error handler's name, for `open(…, errors=STRAYS)`
LINE = 1024**2  # bytes; what is longer is judged in pieces
EVIDENCE = 64 * 1024  # bytes of lines that are not UTF-8, to judge by
ENOUGH = 12  # bytes above ASCII; fewer do not tell a rare encoding from another
WORDS = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8", "cp1252": "Western European (Windows-1252)"}
WORDS |= {"utf-16": "UTF-16", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16"}
_STRAY = re.compile("[\udc00-\udcff]")


def words(encoding: str) -> str:
    return WORDS.get(encoding, encoding)


def _keep(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    return "".join(chr(b) if 0 < b < 128 else chr(0xDC00 + b) for b in wrong), error.end


codecs.register_error(STRAYS, _keep)


def has_strays(text: str) -> bool:
    return not text.isascii() and _STRAY.search(text) is not None


def shown(text: str) -> str:
    """For a person's eyes, and for files: a stray is the sign for a letter nobody can read."""
    return _STRAY.sub("\ufffd", text) if has_strays(text) else text


def guessed(text: str) -> str:
    """Strays as Windows-1252 has them, which most of them are."""
    return _STRAY.sub(lambda found: _western(ord(found[0]) - 0xDC00), text)


def _western(byte: int) -> str:
    return bytes([byte]).decode("cp1252", errors="replace")


def misread(text: str, encoding: str) -> str | None:
    """What a cell probably says that is in another encoding than its file. None when nothing speaks for that."""
    if text.isascii():
        return None
    if has_strays(text):
        return guessed(text)
    return _as_utf8(text) if encoding == "cp1252" else None


def _as_utf8(text: str) -> str | None:
    try:
        return text.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return None


@dataclass
class Evidence:
    """Lines with letters beyond ASCII: how many are UTF-8, how many are not, and some of the latter."""

    good: int = 0
    bad: int = 0
    sample: list[bytes] = field(default_factory=list)
    _size: int = 0

    def look(self, line: bytes) -> None:
        if line.isascii():
            return
        if fits(line, "utf-8"):
            self.good += 1
            return
        self.bad += 1
        if self._size < EVIDENCE:
            self.sample.append(line[:EVIDENCE])
            self._size += len(line)

    @property
    def encoding(self) -> str:
        """UTF-8 unless most of these lines are not: other encodings hardly ever look like UTF-8 by chance."""
        return "utf-8" if self.good >= self.bad else legacy(b"\n".join(self.sample))


def weigh(blocks: Iterable[bytes]) -> Evidence:
    evidence, rest = Evidence(), b""
    for block in blocks:
        *lines, rest = (rest + block).splitlines(keepends=True)
        for line in lines:
            evidence.look(line)
        if len(rest) > LINE:
            evidence.look(rest)
            rest = b""
    evidence.look(rest)
    return evidence


def legacy(text: bytes) -> str:
    """An encoding of one byte a letter, or an old Asian one. Western European unless another is clearly it."""
    high = re.findall(rb"[\x80-\xff]", text)
    if len(high) < ENOUGH or (_looks_latin(text) and fits(text, "cp1252")):
        return "cp1252"
    best = charset_normalizer.from_bytes(text).best()
    return best.encoding if best and best.percent_chaos < 10 else "cp1252"


def _looks_latin(text: bytes) -> bool:
    """Accented letters stand alone or in pairs among plain ones; Cyrillic, Greek and Chinese come in runs."""
    high = len(re.findall(rb"[\x80-\xff]", text))
    few = sum(map(len, re.findall(rb"(?<![\x80-\xff])[\x80-\xff]{1,2}(?![\x80-\xff])", text)))
    letters = len(re.findall(rb"[\xc0-\xff\x8a\x8c\x8e\x9a\x9c\x9e\x9f]", text))
    return 2 * few > high and 2 * letters > high


def fits(text: bytes, encoding: str) -> bool:
    try:
        text.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
