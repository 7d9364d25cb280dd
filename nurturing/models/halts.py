"""Why nothing is sent until somebody says so, and what this installation remembers of itself."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q


class SendingHalt(models.Model):
    """All sending stands still; one row for each reason, none when it goes on."""

    class Kind(models.TextChoices):
        EPOCH = "epoch", "The database is older than what was sent"
        COMPLAINTS = "complaints", "Too many complaints"

    kind = models.CharField(max_length=12, primary_key=True, choices=Kind)
    reason = models.CharField(max_length=300)
    since = models.DateTimeField(db_default=models.functions.Now())

    def __str__(self) -> str:
        return self.reason


class Epoch(models.Model):
    """Rises before each run that sends; what was seen of it is kept outside of the database, too."""

    installation = models.UUIDField(default=uuid.uuid4)
    number = models.PositiveBigIntegerField(default=0)
    complaints_from = models.DateTimeField(null=True, help_text="Complaints before it were looked at.")
    lost_until = models.DateTimeField(
        null=True, help_text="What was due before may have been sent already, and be forgotten."
    )

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(pk=1), name="epoch_single")]

    def __str__(self) -> str:
        return str(self.number)
