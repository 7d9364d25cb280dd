"""What imported files say about one person: to copy it, and to take it out of them.

A file keeps its number of lines. One that cannot be read line by line, and names the person, is deleted whole.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator
from typing import Any

import pgtrigger
from django.apps import apps
from django.core.files.base import File
from django.core.files.storage import Storage
from django.core.files.temp import NamedTemporaryFile

from leads.importing import encoding as encodings
from leads.importing import reading
from leads.models import BadRow, Import
from leads.scrubbing import Marks, without

BUSY = (Import.State.CHECKING, Import.State.CONFIRMED, Import.State.RUNNING)


class FileBusy(Exception):
    """An import is at work on a file that names the person; says which."""


def lines_about(marks: Marks) -> Iterator[tuple[str, list[str]]]:
    """(name, lines) of every file that names them."""
    for run in _runs():
        found = [line for line, gone in _told(run, marks) if gone]
        if found:
            yield f"import-{run.pk}.csv", [encodings.shown(line) for line in found]


def scrub(marks: Marks) -> int:
    """Takes them out of files, reports and lists of bad rows; how many files were changed. Raises FileBusy."""
    changed = 0
    for run in _runs():
        if not any(gone for _, gone in _told(run, marks)):
            continue
        if run.state in BUSY:
            raise FileBusy(f"Waits until the import {run.pk} is finished, since its file names this person.")
        _rewrite(run, marks)
        changed += 1
    for run in Import.objects.all():
        _scrub_words(run, marks)
    return changed


def _runs() -> Iterator[Import]:
    for run in Import.objects.exclude(file="").order_by("pk").iterator():
        if run.file.storage.exists(str(run.file.name)):
            yield run


def _told(run: Import, marks: Marks) -> Iterator[tuple[str, bool]]:
    """Each line, and whether it is about them. A file that cannot be read so is taken as one line."""
    try:
        with _opened(run) as text:
            yield from without(text, _sheet(run).delimiter, marks)
    except (csv.Error, UnicodeError, *reading.BROKEN):
        with run.file.storage.open(str(run.file.name), "rb") as raw:
            whole = raw.read().decode("utf-8", "replace")
        yield whole, marks.meant_in(whole)


def _opened(run: Import) -> io.TextIOWrapper:
    return reading.open_text(lambda: run.file.storage.open(str(run.file.name), "rb"), _sheet(run).encoding)


def _sheet(run: Import) -> reading.Sheet:
    return reading.Sheet.from_data(run.mapping["sheet"])


def _rewrite(run: Import, marks: Marks) -> None:
    old, storage = str(run.file.name), run.file.storage
    with NamedTemporaryFile() as target:
        try:
            _copy(run, marks, target)
        except (csv.Error, UnicodeError, *reading.BROKEN):
            _replace(run, "", storage, old)
            return
        target.seek(0)
        _replace(run, storage.save(f"imports/{run.pk}.csv", File(target)), storage, old)


def _copy(run: Import, marks: Marks, target: Any) -> None:
    with run.file.storage.open(str(run.file.name), "rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
    out = gzip.GzipFile(fileobj=target, mode="wb") if packed else target
    with _opened(run) as text:
        for line, gone in _lines(run, text, marks):
            out.write(line.encode(_plain(_sheet(run).encoding), "surrogateescape") if not gone else b"\n")
    if packed:
        out.close()
    target.flush()


def _lines(run: Import, text: io.TextIOWrapper, marks: Marks) -> Iterator[tuple[str, bool]]:
    return without(text, _sheet(run).delimiter, marks)


def _plain(name: str) -> str:
    """The encoding without its mark, which would be written before every line."""
    return {"utf-8-sig": "utf-8", "utf-16": "utf-16-le"}.get(name, name)


def _replace(run: Import, name: str, storage: Storage, old: str) -> None:
    """A name of its own: that of the old file may be the person's."""
    Import.objects.filter(pk=run.pk).update(file=name)
    with pgtrigger.ignore("leads.ImportEvent:append_only"):
        apps.get_model("leads", "ImportEvent").objects.filter(id=run.pk).update(file=name)
    storage.delete(old)


def _scrub_words(run: Import, marks: Marks) -> None:
    words = {"name": marks.scrubbed(run.name), "error": marks.scrubbed(run.error)}
    words |= {"report": marks.scrubbed_data(run.report)}
    if any(getattr(run, name) != value for name, value in words.items()):
        Import.objects.filter(pk=run.pk).update(**words)
    for bad in BadRow.objects.filter(run=run).iterator():
        if marks.meant_in(f"{bad.column} {bad.reason}"):
            BadRow.objects.filter(pk=bad.pk).update(
                column=marks.scrubbed(bad.column), reason=marks.scrubbed(bad.reason)
            )
