"""Who was kept out of a campaign to see what it changes."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from leads.models import Lead
from nurturing.models.campaigns import Campaign


class HoldOut(models.Model):
    """A lead that the draw kept out of a campaign, for good: it never enters and never gets a mail of it."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="held_out")
    lead = models.ForeignKey(Lead, models.CASCADE, related_name="held_out")
    percent = models.PositiveSmallIntegerField(help_text="The share that was held out at the time.")
    at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["campaign", "lead"], name="hold_out_once")]

    def __str__(self) -> str:
        return f"{self.lead}, held out by {self.campaign}"


class SplitDecision(models.Model):
    """How a split was judged: once, for all versions of its step. Without a winner the shares stay as they are."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="split_decisions")
    step_key = models.UUIDField()
    winner = models.CharField(
        max_length=12, blank=True, help_text="The key of the way; empty when none is better."
    )
    figures = models.JSONField(help_text="For each way how many did it, of how many.")
    words = models.CharField(max_length=300)
    at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["campaign", "step_key"], name="split_decided_once")
        ]

    def __str__(self) -> str:
        return self.words
