"""Budget, authority, need and timing, as what somebody said."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.conf import settings
from django.db import models

from handoff.querysets import EvidenceQuerySet
from leads.models import Lead


@pghistory.track()
class BantEvidence(models.Model):
    """One thing we heard about one letter. Rows are added, never changed: the newest of a letter holds."""

    class Letter(models.TextChoices):
        BUDGET = "budget", "Budget"
        AUTHORITY = "authority", "Authority"
        NEED = "need", "Need"
        TIMING = "timing", "Timing"

    class Standing(models.TextChoices):
        YES = "yes", "Yes"
        PARTLY = "partly", "Partly"
        NO = "no", "No"
        UNKNOWN = "unknown", "Not known"

    class Source(models.TextChoices):
        CALL = "call", "Call"
        MEETING = "meeting", "Meeting"
        EMAIL = "email", "E-mail"
        FORM = "form", "Form"
        RESEARCH = "research", "Our own research"
        OTHER = "other", "Something else"

    lead = models.ForeignKey(Lead, models.CASCADE, related_name="bant")
    letter = models.CharField(max_length=9, choices=Letter)
    standing = models.CharField(max_length=8, choices=Standing)
    value = models.CharField("what we know", max_length=500, blank=True)
    said_by = models.CharField("who said it", max_length=150, blank=True)
    said_on = models.DateField("when", null=True, blank=True)
    source = models.CharField("where", max_length=8, choices=Source, blank=True)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    recorded_at = models.DateTimeField(db_default=models.functions.Now())

    objects = EvidenceQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "BANT evidence"
        indexes: ClassVar = [models.Index(fields=["lead", "letter", "-id"], name="bant_newest_idx")]

    def __str__(self) -> str:
        return f"{self.get_letter_display()}: {self.get_standing_display()}"
