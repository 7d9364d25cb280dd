"""A copy of everything we hold on one person: JSON for machines, CSV for eyes, in one archive."""

from __future__ import annotations

import csv
import io
import tempfile
import zipfile
from typing import IO, Any

import orjson

from leads.scrubbing import cell, readable
from leads.services import import_files
from leads.services.persons import Person, everything

ABOUT = """Everything that is held about one person, table by table: each as JSON and as CSV (UTF-8).

Tables that end in _history hold former states. Files hold the rows of imported files that are about this person.
Internal numbers (id, ..._id) only connect the tables. Tables without rows are left out.
"""


def packed(whose: Person) -> tuple[IO[bytes], list[tuple[str, int]]]:
    """(the archive, [table, how many rows])"""
    file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115, the caller closes it
    counts: list[tuple[str, int]] = []
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", ABOUT)
        for table, rows in everything(whose):
            if rows:
                counts.append((table, len(rows)))
                _write(archive, table, [{key: readable(value) for key, value in row.items()} for row in rows])
        for name, lines in import_files.lines_about(whose.marks):
            counts.append((name, len(lines)))
            archive.writestr(f"files/{name}", "".join(lines))
    file.seek(0)
    return file, counts


def _write(archive: zipfile.ZipFile, table: str, rows: list[dict[str, Any]]) -> None:
    archive.writestr(f"{table}.json", orjson.dumps(rows, option=orjson.OPT_INDENT_2))
    text = io.StringIO()
    columns = list(rows[0])
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    writer.writerows({name: cell(row.get(name)) for name in columns} for row in rows)
    archive.writestr(f"{table}.csv", "\ufeff" + text.getvalue())
