"""Personal outreach that somebody was asked for: call this lead, write to them, by then."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q

from leads.models.people import Lead
from leads.outreach_querysets import OutreachQuerySet


@pghistory.track()
class OutreachTask(models.Model):
    """Whoever sells to the lead does it; without an owner their manager sees it. Asked for once a key."""

    class Channel(models.TextChoices):
        CALL = "call", "Call"
        WRITE = "write", "Write a personal mail"
        OTHER = "other", "Other"

    class Outcome(models.TextChoices):
        DONE = "done", "Done"
        NOT_DONE = "not_done", "Not done"

    lead = models.ForeignKey(Lead, models.CASCADE, related_name="outreach")
    key = models.CharField(max_length=80, unique=True, help_text="Who asked; asking twice changes nothing.")
    source = models.CharField(max_length=150, help_text="The campaign that asked.")
    channel = models.CharField(max_length=8, choices=Channel, default=Channel.CALL)
    title = models.CharField(max_length=200)
    text = models.TextField(blank=True, help_text="What could be said, written for this lead.")
    due_at = models.DateTimeField()
    asked_at = models.DateTimeField(db_default=models.functions.Now())
    snoozed_until = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    outcome = models.CharField(max_length=8, choices=Outcome, blank=True)
    note = models.CharField(max_length=500, blank=True)

    objects = OutreachQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["due_at", "id"], name="outreach_open_idx", condition=Q(settled_at=None)),
            models.Index(fields=["lead", "-due_at"], name="outreach_lead_idx"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(settled_at=None, outcome="") | (Q(settled_at__isnull=False) & ~Q(outcome="")),
                name="outreach_end_has_outcome",
            )
        ]

    def __str__(self) -> str:
        return self.title
