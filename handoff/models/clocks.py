"""Promises with a due time."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.db import models
from django.db.models import Q

from handoff.models.handoffs import Handoff
from handoff.querysets import ClockQuerySet
from scoring.models import QualificationCycle


@pghistory.track()
class SlaClock(models.Model):
    """One promise with a due time in working time. Badge, report and export read this row.

    `met_at` and `breached_at` are both kept: a late answer is breached and met. `policy` and `calendar` are
    snapshots, so that a later edit never changes a started clock.
    """

    class Kind(models.TextChoices):
        HAND_OFF = "hand_off", "Hand off"
        ACCEPT = "accept", "Accept or reject"
        FIRST_TOUCH = "first_touch", "First touch"

    kind = models.CharField(max_length=12, choices=Kind)
    cycle = models.ForeignKey(QualificationCycle, models.CASCADE, related_name="clocks")
    handoff = models.ForeignKey(Handoff, models.CASCADE, null=True, related_name="clocks")
    started_at = models.DateTimeField()
    minutes = models.PositiveIntegerField(help_text="Working minutes promised.")
    due_at = models.DateTimeField(null=True, help_text="Empty when the calendar never opens.")
    half_at = models.DateTimeField(null=True, help_text="When half of the promised time has passed.")
    nearly_at = models.DateTimeField(null=True, help_text="When four fifths of it have passed.")
    met_at = models.DateTimeField(null=True)
    breached_at = models.DateTimeField(null=True)
    half_warned_at = models.DateTimeField(null=True)
    warned_at = models.DateTimeField(null=True, help_text="Warned at four fifths.")
    cancelled_at = models.DateTimeField(null=True)
    policy = models.JSONField(help_text="Name and version of the policy at the start.")
    calendar = models.JSONField(help_text="The calendar as it was at the start.")

    objects = ClockQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["handoff", "kind"], condition=Q(handoff__isnull=False), name="clock_one_per_handoff"
            ),
            models.UniqueConstraint(
                fields=["cycle", "kind"], condition=Q(handoff=None), name="clock_one_per_cycle"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["due_at"],
                name="clock_due_idx",
                condition=Q(met_at=None, cancelled_at=None, breached_at=None),
            ),
            models.Index(
                fields=["kind", "due_at"],
                name="clock_running_idx",
                condition=Q(met_at=None, cancelled_at=None),
            ),
            models.Index(fields=["cycle"], name="clock_cycle_idx"),
            models.Index(fields=["kind", "-met_at"], name="clock_met_idx", condition=Q(met_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} due {self.due_at}"
