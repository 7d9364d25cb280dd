"""Opens a CSV file that somebody made somewhere: compression, encoding, delimiter, preamble, header.

Units   line numbers count from 1 as an editor shows them; a record over several lines is known by its first
Errors  UnreadableFile with words for a person; single bad rows are not this module's business
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import chain, count, islice
from typing import IO, Any, cast

from leads import normalise
from leads.importing import encoding as encodings

Opener = Callable[[], IO[bytes]]
MOST_ROWS = 1_000_000
MOST_BYTES = 2 * 1024**3  # inflated; a small file may be a bomb
SAMPLE = 256 * 1024  # bytes
LOOK = 50  # records that decide delimiter and header
BROKEN = (OSError, EOFError, zlib.error)  # what a damaged archive raises
DELIMITERS = (",", ";", "\t", "|")
# Excel's first line: `sep=;`, by some programs in quotes; what stands there may be nonsense.
SEPARATOR = re.compile(r"""\ufeff?"?sep=("".""|["'].["']|\\t|.?)"?\s*""", re.IGNORECASE)
csv.field_size_limit(1024**2)  # characters in one cell; more is an unclosed quotation mark
CONTROLS = bytes({*range(1, 9), *range(14, 32)})
FEW = 8  # control characters that a text may hold by accident


class UnreadableFile(ValueError):
    """Says what is wrong with the whole file and what to do."""


@dataclass(frozen=True)
class Sheet:
    """How to read one file: what `examine` found out, kept with the import."""

    encoding: str
    delimiter: str
    header: int  # records before the header
    columns: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def to_data(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Sheet:
        return cls(**{**data, "columns": tuple(data["columns"]), "notes": tuple(data["notes"])})


def examine(opener: Opener) -> Sheet:
    """Looks at the whole file once for its encoding, and at its first records for the rest."""
    head = _head(opener)
    _refuse_other_kinds(head)
    encoding, evidence = _encoding(opener, head)
    delimiter, records = _first_records(opener, encoding)
    header = _header_at(records)
    columns, notes = _names(records[header])
    if not any(_filled(record) for record in records[header + 1 :]):
        raise UnreadableFile("There are no rows below the header.")
    notes += _about(encoding, evidence)
    return Sheet(encoding, delimiter, header, tuple(columns), tuple(notes))


def _about(encoding: str, evidence: encodings.Evidence | None) -> list[str]:
    """What the person should look at before anything is imported."""
    words, is_utf8 = encodings.words(encoding), encoding in ("utf-8", "utf-8-sig")
    notes = [] if is_utf8 else [f"Read as {words}. Check that accented letters look right."]
    if evidence and (odd := evidence.bad if is_utf8 else evidence.good):
        lines = "1 line is" if odd == 1 else f"{odd:,} lines are"
        notes.append(
            f"The file is {words}, but {lines} in another encoding. Where that damages a value that is imported,"
            " the row is listed as unreadable; all others go in."
        )
    return notes


def _first_records(opener: Opener, encoding: str) -> tuple[str, list[list[str]]]:
    try:
        delimiter = _delimiter(_sample(opener, encoding))
        with open_text(opener, encoding) as text:
            lines, _ = _without_separator(text)
            return delimiter, list(islice(csv.reader(lines, delimiter=delimiter), LOOK))
    except csv.Error as error:
        raise UnreadableFile("A quotation mark near the top is never closed.") from error


def rows(opener: Opener, sheet: Sheet) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of each record below the header that is not blank. Lazy: memory does not grow with the file.

    A cell may hold strays, see `encoding`; whoever shows or stores it looks first.
    """
    with open_text(opener, sheet.encoding) as text:
        lines, skipped = _without_separator(text)
        reader = csv.reader(lines, delimiter=sheet.delimiter)
        line, number = 1 + skipped, 0
        try:
            for place, cells in enumerate(reader):
                if place > sheet.header and any(map(str.strip, cells)):
                    number += 1
                    if number > MOST_ROWS:
                        raise UnreadableFile(f"More than {MOST_ROWS:,} rows. Split the file.")
                    yield line, cells
                line = reader.line_num + 1 + skipped
        except csv.Error as error:
            raise UnreadableFile(f"A quotation mark near line {line} is never closed.") from error


def _without_separator(text: io.TextIOWrapper) -> tuple[Iterator[str], int]:
    """The lines below a `sep=;`, and how many were left out. Its quotation marks belong to no record."""
    first = text.readline()
    return (iter(text), 1) if SEPARATOR.fullmatch(first) else (chain([first], text), 0)


def _open_bytes(opener: Opener) -> IO[bytes]:
    raw = opener()
    magic = raw.read(2)
    raw.seek(0)
    if magic != b"\x1f\x8b":
        return raw
    packed = gzip.GzipFile(fileobj=raw)
    packed.myfileobj = cast(Any, raw)  # so that closing one closes the other
    return cast(IO[bytes], packed)


def open_text(opener: Opener, encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        cast(Any, _open_bytes(opener)), encoding=encoding, errors=encodings.STRAYS, newline=""
    )


def _head(opener: Opener) -> bytes:
    try:
        with _open_bytes(opener) as stream:
            return stream.read(SAMPLE)
    except BROKEN as error:
        raise UnreadableFile("This archive is damaged. Compress the file again.") from error


def _refuse_other_kinds(head: bytes) -> None:
    if not head.strip():
        raise UnreadableFile("The file is empty.")
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise UnreadableFile(
            "This is an Excel workbook or an archive. Save the sheet as CSV (UTF-8) and try again."
        )
    wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or _looks_wide(head)
    other = b"\x00" in head or head.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8\xff"))
    if not wide and (other or _controls(head) > FEW + len(head) // 100):
        raise UnreadableFile("This is not a text file. Choose a CSV file.")


def _controls(head: bytes) -> int:
    """Bytes that no text holds, or hardly ever: every encoding of one byte a letter could read them."""
    return len(head) - len(head.translate(None, CONTROLS))


def _looks_wide(head: bytes) -> str:
    """UTF-16 without its mark: every other byte of Latin text is zero."""
    even, odd = head[0:2000:2].count(0), head[1:2000:2].count(0)
    half = len(head[:2000]) // 2
    if odd > 0.7 * half and even < 0.1 * half:
        return "utf-16-le"
    return "utf-16-be" if even > 0.7 * half and odd < 0.1 * half else ""


def _encoding(opener: Opener, head: bytes) -> tuple[str, encodings.Evidence | None]:
    """A mark at the beginning decides; without one, all lines that are not plain ASCII do."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", None
    if wide := _looks_wide(head):
        return wide, None
    marked = head.startswith(codecs.BOM_UTF8)
    if _is_utf8(opener):
        return ("utf-8-sig" if marked else "utf-8"), None
    evidence = encodings.weigh(_blocks(opener))
    return ("utf-8-sig" if marked else evidence.encoding), evidence


def _is_utf8(opener: Opener) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for block in _blocks(opener):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _blocks(opener: Opener) -> Iterator[bytes]:
    """The whole file, unpacked. Raises UnreadableFile."""
    size = 0
    with _open_bytes(opener) as stream:
        try:
            while block := stream.read(SAMPLE):
                size += len(block)
                if size > MOST_BYTES:
                    raise UnreadableFile("The file is larger than 2 GB when unpacked. Split it.")
                yield block
        except BROKEN as error:
            raise UnreadableFile("This archive is damaged. Compress the file again.") from error


def _sample(opener: Opener, encoding: str) -> list[str]:
    with open_text(opener, encoding) as text:
        return text.read(SAMPLE // 4).splitlines(keepends=True)[:200]


def _delimiter(lines: list[str]) -> str:
    """The one the file names itself if it cuts anything, else the one that cuts most records alike."""
    named = _named_delimiter(lines[0]) if lines else None
    if named is not None:
        lines = lines[1:]
    if named and any(named in line for line in lines):
        return named

    def fitness(delimiter: str) -> tuple[int, int]:
        widths = Counter(len(cells) for cells in csv.reader(lines, delimiter=delimiter) if len(cells) > 1)
        if not widths:
            return (0, 0)
        width, times = widths.most_common(1)[0]
        return (times, width)

    best = max(DELIMITERS, key=fitness)
    return best if fitness(best) > (0, 0) else ","


def _named_delimiter(line: str) -> str | None:
    """What a `sep=` line names: blank when it cannot be one. None where the line is no such line."""
    found = SEPARATOR.fullmatch(line)
    if found is None:
        return None
    named = found[1].replace("\\t", "\t")
    named = named[1:-1] if len(named) == 3 else named
    return "" if named.isalnum() or named in ("", " ", '"', "'", "\r", "\n", "_") else named


def _filled(cells: list[str]) -> int:
    return sum(1 for cell in cells if cell.strip())


def _header_at(records: list[list[str]]) -> int:
    """The first record that is at least half as full as most: what stands before is a preamble."""
    widths = Counter(len(cells) for cells in records if _filled(cells))
    if not widths:
        raise UnreadableFile("The file is empty.")
    width = max(widths, key=lambda w: (widths[w], w))
    full = (place for place, cells in enumerate(records) if _filled(cells) * 2 >= width)
    return next(full, next(place for place, cells in enumerate(records) if _filled(cells)))


def _names(cells: list[str]) -> tuple[list[str], list[str]]:
    """Column names, each once, and what to tell about them."""
    names: list[str] = []
    notes: list[str] = []
    for place, cell in enumerate(cells, 1):
        name = normalise.text(encodings.guessed(cell))[:200] or f"Column {place}"
        if encodings.has_strays(cell):
            notes.append(f"The name of column {place} was damaged and is read as “{name}”.")
        if name in names:
            shown = next(other for n in count(2) if (other := f"{name} ({n})") not in names)
            notes.append(f"Two columns are called “{name}”. The second is shown as “{shown}”.")
            name = shown
        names.append(name)
    return names, notes
