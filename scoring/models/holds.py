"""Leads who are above the line because of a publication alone, and have no cycle for it (yet)."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from leads.models import Lead
from scoring.models.cycles import QualificationCycle
from scoring.models.publications import Publication
from scoring.querysets import HeldLeadQuerySet


@pghistory.track()
class HeldLead(models.Model):
    """Waits for its turn, or stays quiet until the lead does something. At most one in force a lead."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waits for its turn"
        QUIET = "quiet", "Kept quiet"
        RELEASED = "released", "Handed on"
        DISMISSED = "dismissed", "Dismissed"
        LEFT = "left", "Left by itself"

    lead = models.ForeignKey(Lead, models.CASCADE, related_name="holds")
    publication = models.ForeignKey(Publication, models.CASCADE, related_name="held")
    state = models.CharField(max_length=9, choices=State)
    total = models.IntegerField(help_text="The score when it was held.")
    band = models.CharField(max_length=2)
    reason = models.CharField(max_length=300, help_text="Why it qualifies, in words.")
    held_at = models.DateTimeField(db_default=Now())
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    words = models.CharField(max_length=300, blank=True, help_text="Why it went.")
    cycle = models.ForeignKey(QualificationCycle, models.SET_NULL, null=True, blank=True, related_name="+")

    objects = HeldLeadQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["lead"], condition=Q(state__in=["waiting", "quiet"]), name="held_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "quiet"], settled_at=None)
                | (~Q(state__in=["waiting", "quiet"]) & Q(settled_at__isnull=False)),
                name="held_settled",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["publication", "-total", "id"], condition=Q(state="waiting"), name="held_turn_idx"
            ),
            models.Index(fields=["settled_at"], condition=Q(state="released"), name="held_released_idx"),
            models.Index(fields=["lead", "-id"], name="held_lead_idx"),
            models.Index(fields=["state", "-id"], name="held_state_idx"),
        ]

    def __str__(self) -> str:
        return self.get_state_display()
