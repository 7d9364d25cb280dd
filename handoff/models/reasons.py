"""Why a rep says no."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.db import models
from django.db.models import Q


@pghistory.track()
class RejectReason(models.Model):
    """Why a rep says no, chosen by digit, and what follows from it."""

    class Consequence(models.TextChoices):
        RECYCLE = "recycle", "Back to nurture"
        DISQUALIFY = "disqualify", "Disqualify"
        RETURN = "return", "Back to marketing to fix"

    label = models.CharField(max_length=100, unique=True)
    digit = models.PositiveSmallIntegerField(help_text="1 to 9, the key that chooses it.")
    consequence = models.CharField(max_length=10, choices=Consequence)
    needs_note = models.BooleanField(default=False)
    active = models.BooleanField(default=True)

    class Meta:
        ordering: ClassVar = ["digit", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["digit"], condition=Q(active=True), name="reason_digit_unique"),
            models.CheckConstraint(condition=Q(digit__gte=1, digit__lte=9), name="reason_digit_range"),
        ]

    def __str__(self) -> str:
        return self.label
