"""What was decided about a lead, and where it stands."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q

from leads.models.people import Lead


@pghistory.track()
class Disqualification(models.Model):
    """Will never buy: excluded from scoring and campaigns until a colleague takes it back."""

    lead = models.OneToOneField(Lead, models.CASCADE, related_name="disqualification")
    reason = models.CharField(max_length=200)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(db_default=models.functions.Now())


class StageChange(models.Model):
    """Every stage a lead went through: who, when, why, and under which scoring version. Append-only."""

    lead = models.ForeignKey(Lead, models.CASCADE, related_name="stage_changes")
    stage = models.CharField(max_length=16, choices=Lead.Stage)
    at = models.DateTimeField(db_default=models.functions.Now())
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    reason = models.CharField(max_length=300, blank=True)
    model_version = models.PositiveIntegerField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["lead", "-at"], name="stage_change_idx")]


@pghistory.track()
class ReEntry(models.Model):
    """A lead is to enter a campaign from a day on. One floor asks, another does it; see docs/adr/0009."""

    lead = models.ForeignKey(Lead, models.CASCADE, related_name="re_entries")
    campaign = models.PositiveBigIntegerField(help_text="The id of the campaign.")
    key = models.CharField(max_length=60, unique=True, help_text="Who asked; asking twice changes nothing.")
    reason = models.CharField(max_length=300)
    due_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    result = models.CharField(max_length=200, blank=True, help_text="What became of it, in words.")

    class Meta:
        verbose_name_plural = "re-entries"
        indexes: ClassVar = [
            models.Index(fields=["due_at"], name="re_entry_due_idx", condition=Q(settled_at=None)),
            models.Index(fields=["lead", "-due_at"], name="re_entry_lead_idx"),
        ]


class LeadOutcome(models.Model):
    """A result known from elsewhere, such as an import's outcome column; one a lead."""

    class Result(models.TextChoices):
        WON = "won", "Won"
        LOST = "lost", "Lost"

    lead = models.OneToOneField(Lead, models.CASCADE, related_name="outcome")
    result = models.CharField(max_length=4, choices=Result)
    source = models.CharField(max_length=100)
    recorded_at = models.DateTimeField(db_default=models.functions.Now())
