"""Files for spreadsheets, line by line."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import Any

BOM = "\ufeff"  # without it a spreadsheet reads the letters of another alphabet


class Line:
    """A file for csv.writer that hands each line on."""

    def write(self, text: str) -> str:
        return text


def guarded(cell: str) -> str:
    """A spreadsheet must not take a cell for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def csv_lines(rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    """Numbers stay numbers; words are guarded. The first line carries the mark of the encoding."""
    writer, start = csv.writer(Line()), BOM
    for row in rows:
        cells = [guarded(cell) if isinstance(cell, str) else cell for cell in row]
        yield start + writer.writerow(cells)
        start = ""
