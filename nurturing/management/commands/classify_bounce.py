"""What do these returned mails say? For scripts, and for looking into a mailbox. Needs no database."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from nurturing.returned import Reading, read

MOST_BYTES = 1024 * 1024  # more than the reading looks at; a mail may be as long as it likes


class Command(BaseCommand):
    help = (
        "Read mails that came back (one file each, as received) and print for each whether its recipients cannot be "
        "reached (hard), could not be reached this time (soft), complained, have an answering machine, or none of "
        "these."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="+", metavar="PATH")
        parser.add_argument("--json", action="store_true", help="One JSON list on stdout and nothing else.")

    def handle(self, *, paths: list[str], **options: Any) -> None:
        rows, unread = [], []
        for path in paths:
            try:
                rows.append(_row(path, read(_beginning(path))))
            except (OSError, ValueError) as error:  # ValueError: a NUL in the name
                unread.append(path)
                self.stderr.write(
                    f"{_shown(path)} cannot be read: {getattr(error, 'strerror', None) or error}."
                )
        self.stdout.write(json.dumps(rows) if options["json"] else "\n".join(map(_words, rows)))
        if unread:
            raise CommandError(
                f"{len(unread)} of {len(paths)} files could not be read; the others are told above."
            )


def _beginning(path: str) -> bytes:
    with Path(path).open("rb") as file:
        return file.read(MOST_BYTES)


def _row(path: str, reading: Reading) -> dict[str, Any]:
    return {"file": path, "kind": reading.kind, "recipients": reading.recipients, "status": reading.status}


def _words(row: dict[str, Any]) -> str:
    people = ", ".join(row["recipients"])
    return _shown(f"{row['file']}: {row['kind']} {row['status'] or ''} {people}".rstrip())


def _shown(text: str) -> str:
    """A file name need not be text."""
    return text.encode("utf-8", "replace").decode()
