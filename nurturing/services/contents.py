"""The one writer of what a mail says."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

from django.db import transaction

from nurturing.content.schema import token
from nurturing.models import Picture, Step

LARGEST = 1_000_000  # bytes of one picture; a phone on the train loads it
BEGINNINGS = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}


class BadPicture(ValueError):
    """Says in words why this file cannot be shown in a mail."""


class ChangedMeanwhile(Exception):
    """Somebody saved this mail since it was opened; nothing was saved."""


@transaction.atomic
def save(*, step: Step, seen: str, subject: str, preheader: str, content: list[dict[str, Any]]) -> Step:
    """`seen` is the token of the state that was edited; "" saves whatever stands there now.

    Raises ChangedMeanwhile. The database refuses it for a frozen version.
    """
    stored = Step.objects.select_for_update(of=("self",)).get(pk=step.pk)
    if seen and seen != token(stored):
        raise ChangedMeanwhile
    stored.subject, stored.preheader, stored.content = subject, preheader, content
    stored.save(update_fields=["subject", "preheader", "content"])
    return stored


def keep_picture(*, data: bytes, actor: Any) -> UUID:
    """The same picture is kept once. Raises BadPicture."""
    kind = next((kind for start, kind in BEGINNINGS.items() if data.startswith(start)), None)
    if kind is None:
        raise BadPicture("Mails show PNG, JPEG and GIF. This file is none of them.")
    if len(data) > LARGEST:
        raise BadPicture("The picture is larger than 1 MB. Make it smaller: readers load it on the way.")
    picture, _ = Picture.objects.get_or_create(
        digest=hashlib.sha256(data).hexdigest(), defaults={"kind": kind, "data": data, "created_by": actor}
    )
    return picture.pk
