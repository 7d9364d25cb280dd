"""When a lead was qualified, why, and how it ended."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q

from leads.models import Lead
from scoring.models.versions import ModelVersion
from scoring.querysets import CycleQuerySet


@pghistory.track()
class QualificationCycle(models.Model):
    """From crossing into MQL to rejected, disqualified, lost, expired or customer. At most one open a lead."""

    class Cause(models.TextChoices):
        THRESHOLD = "threshold", "Crossed the line"
        CRITICAL = "critical", "Critical signal"
        CAMPAIGN = "campaign", "Handed off by a campaign"

    class Outcome(models.TextChoices):
        REJECTED = "rejected", "Rejected"
        RECYCLED = "recycled", "Recycled by marketing"
        DISQUALIFIED = "disqualified", "Disqualified"
        LOST = "lost", "Lost"
        EXPIRED = "expired", "Expired"
        CUSTOMER = "customer", "Customer"

    lead = models.ForeignKey(Lead, models.CASCADE, related_name="cycles")
    n = models.PositiveSmallIntegerField(help_text="1 for the first time this lead qualified.")
    version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="+")
    cause = models.CharField(max_length=9, choices=Cause)
    rule_key = models.CharField(max_length=60, blank=True, help_text="The critical rule, if one decided.")
    reason = models.CharField(max_length=300, help_text="In words, for the queue.")
    evidence_at = models.DateTimeField(null=True, help_text="The newest activity that counted.")
    total = models.IntegerField()
    band = models.CharField(max_length=2)
    opened_at = models.DateTimeField(db_default=models.functions.Now())
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    outcome = models.CharField(max_length=12, choices=Outcome, blank=True)
    outcome_reason = models.CharField(max_length=300, blank=True)
    cool_until = models.DateTimeField(
        null=True, blank=True, help_text="No new cycle opens before, unless a critical signal comes."
    )
    cooled_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = CycleQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["lead"], condition=Q(closed_at=None), name="cycle_one_open"),
            models.UniqueConstraint(fields=["lead", "n"], name="cycle_number_unique"),
            models.CheckConstraint(
                condition=Q(closed_at=None, outcome="") | (Q(closed_at__isnull=False) & ~Q(outcome="")),
                name="cycle_outcome_when_closed",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["opened_at"], condition=Q(closed_at=None), name="cycle_open_idx"),
            models.Index(
                fields=["cool_until"],
                condition=Q(cool_until__isnull=False, cooled_at=None),
                name="cycle_cooling_idx",
            ),
        ]

    def __str__(self) -> str:
        return f"Cycle {self.n}"
