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
