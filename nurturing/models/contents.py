"""What belongs to the content of mails: uploaded pictures, and what was found at the addresses they link to."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q


class Picture(models.Model):
    """Shown in mails that were sent long ago, so it never changes and is never deleted."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the data: stored once.")
    kind = models.CharField(max_length=20, help_text="As in image/png.")
    data = models.BinaryField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"Picture {self.id}"


class LinkCheck(models.Model):
    """Whether an address that mails link to answers; one row for each address, whoever links to it."""

    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the address.")
    url = models.TextField()
    waiting = models.BooleanField(default=True, help_text="Somebody asked since it was looked at.")
    claimed_at = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)
    answers = models.BooleanField(null=True, help_text="Empty until it was looked at.")
    words = models.CharField(max_length=200, blank=True, help_text="What was found.")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["id"], name="link_check_waiting_idx", condition=Q(waiting=True))
        ]

    def __str__(self) -> str:
        return self.url[:100]
