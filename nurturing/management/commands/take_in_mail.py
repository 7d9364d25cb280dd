"""For a mail server: hand it a mail that came to the return address. Standard input, files, or Maildirs."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from nurturing.intake.maildir import MOST, beginning, take_in_folder
from nurturing.returned.incoming import MOST_BYTES
from nurturing.services.returned_mails import take_in

TRY_AGAIN = 75  # EX_TEMPFAIL of sysexits.h: the mail server keeps the mail and comes back


class Command(BaseCommand):
    help = (
        "Take returned mails in: bounces, complaints, replies and wishes to unsubscribe have their effect, once each. "
        "Without PATH one mail is read from standard input, as a mail server pipes it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="*", metavar="PATH", help="a mail, or a Maildir")
        parser.add_argument(
            "--recipient",
            action="append",
            default=[],
            help="whom the mail came for, as the mail server knows it",
        )

    def handle(self, *, paths: list[str], recipient: list[str], **options: Any) -> None:
        if not paths:
            self._take_in("standard input", sys.stdin.buffer.read(MOST_BYTES), recipient)
            while sys.stdin.buffer.read(MOST_BYTES):  # a writer must not meet a closed pipe
                pass
            return
        failed = sum(not self._file(path, recipient) for path in _expanded(paths))
        failed += sum(self._folder(Path(path)) for path in paths if _is_maildir(path))
        if failed:
            raise CommandError(f"{failed} could not be taken in; the others are done.", returncode=1)

    def _file(self, path: str, recipients: list[str]) -> bool:
        try:
            self._take_in(path, beginning(Path(path)), recipients)
        except (OSError, ValueError) as error:
            self.stderr.write(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.")
            return False
        return True

    def _folder(self, folder: Path) -> int:
        failed, taken = 0, MOST
        while taken == MOST:
            taken, failed = take_in_folder(folder)
            self.stdout.write(f"{folder}: {taken} taken in")
        return failed

    def _take_in(self, name: str, raw: bytes, recipients: list[str]) -> None:
        try:
            row = take_in(raw, source="file", recipients=recipients)
        except DatabaseError as error:
            raise CommandError(
                "The database does not answer. Try again later.", returncode=TRY_AGAIN
            ) from error
        if row is None:
            said = "taken in before"
        elif row.message_id is None:
            said = f"{row.kind}, not about a mail of ours"
        else:
            said = row.kind
        self.stdout.write(f"{name}: {said}")


def _is_maildir(path: str) -> bool:
    return (Path(path) / "new").is_dir()


def _expanded(paths: list[str]) -> Iterator[str]:
    return (path for path in paths if not _is_maildir(path))
