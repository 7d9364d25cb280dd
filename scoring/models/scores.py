"""What each lead is worth, now and over time."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from leads.models import Lead
from scoring.models.versions import ModelVersion
from scoring.querysets import ScoreQuerySet


class Score(models.Model):
    """What a lead is worth now. Narrow, written only when it changes, apart from the wide lead row."""

    lead = models.OneToOneField(Lead, models.CASCADE, primary_key=True, related_name="score")
    version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="+")
    total = models.IntegerField(default=0)
    fit = models.IntegerField(default=0)
    engagement = models.IntegerField(default=0)
    band = models.CharField(max_length=2)
    fit_low = models.IntegerField(default=0, help_text="The fit once every unknown field turned out badly.")
    fit_high = models.IntegerField(default=0)
    qualified = models.BooleanField(default=False)
    critical_rule = models.CharField(max_length=60, blank=True)
    disqualifying_rule = models.CharField(max_length=60, blank=True)
    as_of = models.DateTimeField(help_text="The instant of the last scoring that changed this row.")
    next_change_at = models.DateTimeField(null=True, help_text="Nothing changes by time alone before this.")

    objects = ScoreQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["-total", "-lead"], name="score_total_idx"),
            models.Index(
                fields=["next_change_at"], name="score_due_idx", condition=Q(next_change_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.total} {self.band}"

    @property
    def level(self) -> int:
        """Blue intensity of the pill: 4 from 80, 3 from 70, 2 when qualified, 1 below the line."""
        return 4 if self.total >= 80 else 3 if self.total >= 70 else 2 if self.qualified else 1


class ScoreChange(models.Model):
    """Each change of a score, kept for ever: the history with its version markers."""

    lead = models.ForeignKey(Lead, models.CASCADE, related_name="score_changes")
    at = models.DateTimeField()
    version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="+")
    total = models.IntegerField()
    fit = models.IntegerField()
    engagement = models.IntegerField()
    band = models.CharField(max_length=2)
    qualified = models.BooleanField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["lead", "-at"], name="score_change_idx")]
