"""What was done to a draft, to be undone; and people on their way from one version to another."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q

from nurturing.models.campaigns import Campaign, CampaignVersion


class DraftChange(models.Model):
    """One change of a draft. `rows` is the draft on the other side of it: before it, or, once undone, after it."""

    version = models.ForeignKey(CampaignVersion, models.CASCADE, related_name="changes")
    rows = models.JSONField(encoder=DjangoJSONEncoder)
    words = models.CharField(max_length=150)
    undone = models.BooleanField(default=False)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return self.words


@pghistory.track()
class PeopleMove(models.Model):
    """Who is in older versions goes to `target`. Empty `finished_at` means that it is under way."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="moves")
    target = models.ForeignKey(CampaignVersion, models.CASCADE, related_name="+")
    steps = models.JSONField(help_text="{key of the old step: key of the new one, or empty to leave}.")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField(db_default=models.functions.Now())
    finished_at = models.DateTimeField(null=True)
    moved = models.PositiveIntegerField(default=0)
    left = models.PositiveIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["campaign"], condition=Q(finished_at=None), name="people_move_one_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"People of {self.campaign} to version {self.target.number}"
