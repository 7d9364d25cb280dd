"""Asking for a lead to enter a campaign later, and saying what became of it.

The floor that asks and the floor that mails do not know each other; this row is all they share. The bell only
makes it prompt: the row waits until somebody settles it.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now

from leads.models import Lead, ReEntry


@transaction.atomic
def ask_re_entry(*, lead: Lead, campaign: int, after: timedelta, reason: str, key: str) -> ReEntry:
    """`key` names the request: asked twice, it is one. An older request of this lead gives way to the new one."""
    row, created = ReEntry.objects.get_or_create(
        key=key,
        defaults={"lead": lead, "campaign": campaign, "due_at": Now() + after, "reason": reason[:300]},
    )
    if created:
        older = ReEntry.objects.filter(lead=lead, settled_at=None).exclude(pk=row.pk)
        older.update(settled_at=Now(), result="A newer rejection decides.")
    return row


def settle_re_entry(*, row: ReEntry, result: str) -> bool:
    """True for the one who settles it."""
    waiting = ReEntry.objects.filter(pk=row.pk, settled_at=None)
    return bool(waiting.update(settled_at=Now(), result=result[:200]))
