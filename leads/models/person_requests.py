"""What people may ask for about their own data: a copy of everything, or that it be erased."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q

from leads.querysets import PersonRequestQuerySet


@pghistory.track(exclude=["claimed_until"])
class PersonRequest(models.Model):
    """Asked for by an admin, done in the background. Names nobody, so it may stay after an erasure."""

    class Kind(models.TextChoices):
        EXPORT = "export", "Copy of everything"
        ERASE = "erase", "Erasure"

    class State(models.TextChoices):
        ASKED = "asked", "Under way"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    kind = models.CharField(max_length=6, choices=Kind)
    state = models.CharField(max_length=6, choices=State, default=State.ASKED)
    lead_id = models.PositiveBigIntegerField(db_index=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField(db_default=models.functions.Now())
    done_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    words = models.CharField(max_length=200, blank=True, help_text="What it waits for, or why it failed.")
    counts = models.JSONField(default=list, help_text="[what, how many rows].")
    file = models.FileField(upload_to="person-exports/", blank=True)
    expires_at = models.DateTimeField(null=True, help_text="When the file is deleted.")
    claimed_until = models.DateTimeField(null=True, editable=False)

    objects = PersonRequestQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["lead_id", "kind"], condition=Q(state="asked"), name="person_request_once"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["id"], name="person_request_open_idx", condition=Q(state="asked"))
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"
