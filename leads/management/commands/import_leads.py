"""import_leads FILE [--preset P | --mapping FILE.json] [--dry-run] --json"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any

from django.core.files import File
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from leads.importing import mapping_files, reading
from leads.importing.mapping import BadMapping
from leads.importing.presets import PRESETS
from leads.importing.reading import UnreadableFile
from leads.merging import Claim
from leads.services import import_jobs, imports
from leads.services.import_jobs import VERDICTS, Bad, Job, Tally


class Command(BaseCommand):
    help = "Imports leads from a CSV file (.csv or .csv.gz)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        source = parser.add_mutually_exclusive_group()
        source.add_argument(
            "--preset", choices=sorted(PRESETS), help="What made the file; found out when left out."
        )
        source.add_argument(
            "--mapping", type=Path, help='JSON: {"columns": {column: field or null}, "outcome": {…}}'
        )
        parser.add_argument("--dry-run", action="store_true", help="Say what would happen and write nothing.")
        parser.add_argument("--json", action="store_true", help="One JSON object on stdout and nothing else.")

    def handle(self, *, file: Path, preset: str | None, mapping: Path | None, **options: Any) -> None:
        if not file.is_file():
            raise CommandError(f"There is no file {file}.")
        wanted = _mapping(mapping)
        try:
            act = self._try if options["dry_run"] else self._import
            act(file, wanted, preset, options["json"])
        except (UnreadableFile, BadMapping) as error:
            raise CommandError(f"{error} Nothing was imported.") from error

    def _try(self, file: Path, mapping: dict[str, Any] | None, preset: str | None, as_json: bool) -> None:
        sheet = reading.examine(lambda: file.open("rb"))
        self._tell(sheet.notes)
        data = imports.proposal(sheet, mapping, preset)
        job = Job(lambda: file.open("rb"), sheet, imports.mapping_from(data, sheet))
        with tempfile.TemporaryFile(
            "w+", encoding="utf-8"
        ) as listed:  # a file of bad rows must not fill the memory

            def keep(bad: Sequence[Bad]) -> None:
                listed.writelines(json.dumps(row.as_data()) + "\n" for row in bad)

            tally = import_jobs.dry_run(job, Claim("import", timezone.now()), keep)
            self._report(tally, _lines(listed), as_json)

    def _import(self, file: Path, mapping: dict[str, Any] | None, preset: str | None, as_json: bool) -> None:
        with file.open("rb") as stream:
            run = imports.import_here(name=file.name, file=File(stream), mapping=mapping, preset=preset)
        if run.error:
            raise CommandError(run.error)
        self._tell(imports.sheet_of(run).notes)
        bad = run.bad_rows.order_by("line").values("line", "column", "reason").iterator(chunk_size=5000)
        self._report(Tally.from_data(run.report), map(json.dumps, bad), as_json)

    def _tell(self, notes: Iterable[str]) -> None:
        """On stderr, where scripts do not look for the result."""
        for note in notes:
            self.stderr.write(note)

    def _report(self, tally: Tally, bad: Iterable[str], as_json: bool) -> None:
        """Bad rows are printed as they come: there may be a million."""
        counts = {verdict: tally.counts[verdict] for verdict in VERDICTS}
        self._tell(_unclear(tally))
        if not as_json:
            self.stdout.write(", ".join(f"{number:,} {verdict}" for verdict, number in counts.items()))
        else:
            self.stdout.write(json.dumps(counts)[:-1] + ', "bad": [', ending="")
        for place, row in enumerate(bad):
            self.stdout.write(
                (", " if place else "") + row if as_json else _words(row), ending="" if as_json else "\n"
            )
        if as_json:
            self.stdout.write("]}")


def _mapping(path: Path | None) -> dict[str, Any] | None:
    if path is None:
        return None
    try:
        return mapping_files.parse(path.read_bytes())
    except OSError as error:
        raise CommandError(
            f"The mapping file cannot be read: {error.strerror}. Nothing was imported."
        ) from error
    except BadMapping as error:
        raise CommandError(f"{error} Nothing was imported.") from error


def _lines(listed: IO[str]) -> Iterable[str]:
    listed.seek(0)
    return (line.rstrip("\n") for line in listed)


def _unclear(tally: Tally) -> Iterable[str]:
    if tally.counts["unclear"]:
        yield f"Outcomes not understood: {tally.counts['unclear']:,} rows. They count as not known."
    for value, (rows, line) in tally.unclear.items():
        yield f"  “{value}”: {rows:,}, first in line {line}."


def _words(row: str) -> str:
    bad = json.loads(row)
    where = f"Line {bad['line']}, {bad['column']}" if bad["column"] else f"Line {bad['line']}"
    return f"{where}: {bad['reason']}"
