"""Requests to confirm by mail what somebody asked for: double opt-in."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q

from leads.models.people import Lead


class Confirmation(models.Model):
    """Whoever reads mail at `address` is asked whether they meant it. At most one is open for an address.

    What was asked for, in which words, are the entries of the record of consents that point here: first "asked
    for", then, with this as their proof, "agreed".
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True, help_text="In the signed link of its mails.")
    lead = models.ForeignKey(Lead, models.CASCADE, related_name="confirmations")
    address = models.EmailField(max_length=254, help_text="In lower case.")
    address_hash = models.CharField(max_length=64, help_text="SHA-256 of that, the proof once it is erased.")
    asked_at = models.DateTimeField(db_default=models.functions.Now())
    expires_at = models.DateTimeField()
    mails = models.PositiveSmallIntegerField(default=1, help_text="How many were asked for so far.")
    last_asked_at = models.DateTimeField(db_default=models.functions.Now())
    mailed_at = models.DateTimeField(null=True, help_text="When the mail server took the latest of them.")
    confirmed_at = models.DateTimeField(null=True)
    confirmed_ip = models.GenericIPAddressField(null=True)
    closed_at = models.DateTimeField(null=True, help_text="When a newer request took its place.")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["address"],
                name="confirmation_one_open",
                condition=Q(confirmed_at=None, closed_at=None),
            )
        ]

    def __str__(self) -> str:
        return f"Confirmation asked of {self.address}"
