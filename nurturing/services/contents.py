"""The one writer of what a mail says."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from nurturing.content.schema import token
from nurturing.models import Step


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
