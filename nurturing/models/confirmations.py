"""The mails of double opt-in. No campaign sends them, so they have a small ledger of their own."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q

from leads.models import Confirmation
from nurturing.models.messages import Message


class ConfirmationMail(models.Model):
    """One for each time that a request asks for a mail. States as of a Message; changes: nurturing.confirming."""

    State = Message.State

    confirmation = models.ForeignKey(Confirmation, models.CASCADE, related_name="sent_mails")
    number = models.PositiveSmallIntegerField()
    key = models.UUIDField(default=uuid.uuid4, unique=True, help_text="In the Message-ID and return address.")
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    attempt = models.PositiveIntegerField(default=0)
    failures = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(db_default=models.functions.Now())
    lease_until = models.DateTimeField(null=True)
    queued_at = models.DateTimeField(db_default=models.functions.Now())
    dot_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    reply = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["confirmation", "number"], name="confirmation_mail_once")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["due_at"],
                name="confirmation_due_idx",
                condition=Q(state__in=["queued", "claimed", "dot"]),
            )
        ]

    def __str__(self) -> str:
        return f"Mail {self.number} of confirmation {self.confirmation_id}"
