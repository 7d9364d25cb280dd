"""Takes what names one person out of texts and out of files of many people. Pure: no database, no clock."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

GONE = "[erased]"
SHORTEST = 5  # characters; what is shorter stands in too many words that mean somebody else


@dataclass(frozen=True)
class Marks:
    """What somebody is known by: addresses, external ids and phones as written; and full names as (first, last)."""

    marks: frozenset[str]
    names: frozenset[tuple[str, str]]

    @cached_property
    def words(self) -> list[str]:
        """What names them in a text, the longest first."""
        words = {*self.marks, *(f"{first} {last}" for first, last in self.names)}
        return sorted((word for word in words if len(word) >= SHORTEST), key=len, reverse=True)

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        """Whole ones: "12345" is not meant in a longer number, nor "x.example" in somebody's address there."""
        if not self.words:
            return None
        ends = {word: r"(?!\.\w)" if "." in word else "" for word in self.words}  # an address may go on
        any_word = "|".join(re.escape(word) + end for word, end in ends.items())
        return re.compile(rf"(?<![\w@.+-])(?:{any_word})(?![\w@-])", re.IGNORECASE)

    def meant_in(self, text: str) -> bool:
        return bool(self._pattern and self._pattern.search(text))

    def scrubbed(self, text: str) -> str:
        return self._pattern.sub(GONE, text) if self._pattern else text

    def scrubbed_data(self, data: Any) -> Any:
        """JSON with what names the person replaced, in keys too."""
        if isinstance(data, dict):
            return {self.scrubbed(str(key)): self.scrubbed_data(value) for key, value in data.items()}
        if isinstance(data, list):
            return [self.scrubbed_data(value) for value in data]
        return self.scrubbed(data) if isinstance(data, str) else data

    def named_in(self, cells: Iterable[str]) -> bool:
        """Is this record of a file about them? A namesake with another address is somebody else."""
        words = {cell.strip().casefold() for cell in cells} - {""}
        known = {mark.casefold() for mark in self.marks}
        if words & known or any(map(self.meant_in, words)):
            return True
        if any("@" in word for word in words):
            return False
        return any({first.casefold(), last.casefold()} <= words for first, last in self.names)


def without(lines: Iterable[str], delimiter: str, marks: Marks) -> Iterator[tuple[str, bool]]:
    """The lines of a file, each with whether it was emptied: those of records about the person are.

    The number of lines stays, so that what is known of other lines still fits. Raises csv.Error.
    """
    taken: list[str] = []

    def feed() -> Iterator[str]:
        for line in lines:
            taken.append(line)
            yield line

    for cells in csv.reader(feed(), delimiter=delimiter):
        record, taken[:] = list(taken), []
        gone = marks.named_in(cells)
        yield from ((_empty(line) if gone else line, gone) for line in record)


def _empty(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :]


def readable(value: Any) -> Any:
    """A value for a JSON file and a cell."""
    if value is None or isinstance(value, bool | int | float | str | list | dict):
        return value
    return f"{len(value)} bytes" if isinstance(value, bytes | memoryview) else str(value)


def cell(value: Any) -> str:
    """For a spreadsheet: text that would be read as a formula gets a quotation mark before it."""
    text = (
        orjson.dumps(value).decode()
        if isinstance(value, list | dict)
        else str("" if value is None else value)
    )
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
