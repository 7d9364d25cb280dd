"""Whom we may mail."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Lower

from leads.models.people import Lead
from leads.models.values import track_in_bulk


@track_in_bulk
class Suppression(models.Model):
    """A reason never to mail an address. Outlives the lead; an import cannot lift it."""

    class Reason(models.TextChoices):
        UNSUBSCRIBED = "unsubscribed", "Unsubscribed"
        BOUNCED = "bounced", "Bounced"
        COMPLAINED = "complained", "Complained"
        MANUAL = "manual", "Set by a colleague"

    address = models.EmailField(max_length=254, help_text="In lower case.")
    lead = models.ForeignKey(Lead, models.SET_NULL, null=True, blank=True, related_name="suppressions")
    reason = models.CharField(max_length=16, choices=Reason)
    detail = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(Lower("address"), name="suppression_unique")]

    def __str__(self) -> str:
        return f"{self.address}, {self.get_reason_display().lower()}"
