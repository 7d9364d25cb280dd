"""The mails that the development server caught: one .eml file each, newest first. Reads only."""

from __future__ import annotations

import email
import re
from datetime import datetime
from email import policy
from email.message import EmailMessage
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from django.utils import timezone

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,150}\.eml")
SHOWN = 100
LARGEST = 5_000_000  # bytes


class Caught(NamedTuple):
    name: str
    at: datetime
    mail: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.mail.get("Subject", "")) or "(no subject)"

    @property
    def sender(self) -> str:
        return str(self.mail.get("From", ""))

    @property
    def recipient(self) -> str:
        return str(self.mail.get("To", ""))

    @property
    def of_campaign(self) -> bool:
        """A campaign's mails name their list; those about accounts and handoffs have none."""
        return "List-Id" in self.mail

    @property
    def headers(self) -> list[tuple[str, str]]:
        return [(name, str(value)) for name, value in self.mail.items()]

    @property
    def text(self) -> str:
        return self._part("plain")

    @property
    def html(self) -> str:
        return self._part("html")

    def _part(self, subtype: str) -> str:
        part = self.mail.get_body((subtype,))
        try:
            return part.get_content() if part else ""
        except (LookupError, ValueError):
            return "This part cannot be read."


def newest(folder: Path, number: int = SHOWN, *, all_mails: bool = False) -> list[Caught]:
    """Campaign mails, or all there are."""
    if not folder.is_dir():
        return []
    files = [path for path in folder.iterdir() if NAME.fullmatch(path.name)]
    files.sort(key=lambda path: (_written(path), path.name), reverse=True)
    found = (caught for path in files if (caught := _read(path)) and (all_mails or caught.of_campaign))
    return list(islice(found, number))


def one(folder: Path, name: str) -> Caught | None:
    """None for a name that is no file of ours; a path cannot be asked for."""
    return _read(folder / name) if NAME.fullmatch(name) else None


def _read(path: Path) -> Caught | None:
    try:
        raw = path.read_bytes()[:LARGEST]
    except OSError:  # removed meanwhile: the folder keeps a bounded number
        return None
    at = datetime.fromtimestamp(_written(path), timezone.get_current_timezone())
    return Caught(path.name, at, email.message_from_bytes(raw, policy=policy.default))


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
