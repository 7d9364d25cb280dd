"""What the machine found when it looked over its own shoulder."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from scoring.models.versions import ModelVersion


class ScoreCheck(models.Model):
    """One look at stored scores: how many were compared, and what was not as it must be."""

    class Kind(models.TextChoices):
        SHADOW = "shadow", "Scores worked out again"
        LINES = "lines", "Lines added up"

    kind = models.CharField(max_length=6, choices=Kind)
    version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="+")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(db_default=models.functions.Now())
    leads = models.PositiveIntegerField(help_text="How many were compared.")
    by_oracle = models.PositiveIntegerField(
        default=0, help_text="How many of them by the slow, plain reckoning."
    )
    differing = models.PositiveIntegerField(default=0)
    details = models.JSONField(default=list, help_text="The first of them: lead, what, stored, expected.")

    class Meta:
        verbose_name = "check of scores"
        verbose_name_plural = "checks of scores"
        ordering: ClassVar = ["-began_at", "-id"]
        indexes: ClassVar = [models.Index(fields=["-began_at", "-id"], name="score_check_idx")]

    def __str__(self) -> str:
        found = f"{self.differing} of {self.leads} differ" if self.differing else f"{self.leads} agree"
        return f"{self.get_kind_display()}: {found}"
