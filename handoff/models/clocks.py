"""Promises with a due time."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q

from handoff.models.handoffs import Handoff
from handoff.querysets import ClockQuerySet
from scoring.models import QualificationCycle


@pghistory.track()
class SlaClock(models.Model):
    """One promise with a due time in working time. Badge, report and export read this row.

    `met_at` and `breached_at` are both kept: a late answer is breached and met. `policy` and `calendar` are
    snapshots, so that a later edit never changes a started clock. A clock of the lead (first touch, decision)
    moves on with it; the accept clock belongs to one rep and ends with the offer.
    """

    class Kind(models.TextChoices):
        HAND_OFF = "hand_off", "Hand off"
        ACCEPT = "accept", "Accept or reject"
        FIRST_TOUCH = "first_touch", "First touch"
        DISPOSITION = "disposition", "Decide"

    OF_THE_LEAD = (Kind.FIRST_TOUCH, Kind.DISPOSITION)

    kind = models.CharField(max_length=12, choices=Kind)
    cycle = models.ForeignKey(QualificationCycle, models.CASCADE, related_name="clocks")
    handoff = models.ForeignKey(Handoff, models.CASCADE, null=True, related_name="clocks")
    started_at = models.DateTimeField()
    minutes = models.PositiveIntegerField(help_text="Working minutes promised.")
    due_at = models.DateTimeField(null=True, help_text="Empty while paused without an end.")
    half_at = models.DateTimeField(null=True, help_text="When half of the promised time has passed.")
    nearly_at = models.DateTimeField(null=True, help_text="When four fifths of it have passed.")
    met_at = models.DateTimeField(null=True)
    breached_at = models.DateTimeField(null=True)
    half_warned_at = models.DateTimeField(null=True)
    warned_at = models.DateTimeField(null=True, help_text="Warned at four fifths.")
    breach_told_at = models.DateTimeField(null=True)
    escalate_at = models.DateTimeField(null=True, help_text="When the manager is told. Empty: never.")
    escalated_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True, help_text="Start of the last pause, while it lasts.")
    resumes_at = models.DateTimeField(null=True, help_text="Its end, when it is known.")
    policy = models.JSONField(help_text="Name and version of the policy at the start.")
    calendar = models.JSONField(help_text="The calendar as it was at the start, or at the last move.")

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
            models.Index(
                fields=["escalate_at"],
                name="clock_escalate_idx",
                condition=Q(met_at=None, cancelled_at=None, escalated_at=None),
            ),
            models.Index(
                fields=["breached_at"],
                name="clock_untold_idx",
                condition=Q(met_at=None, cancelled_at=None, breach_told_at=None, breached_at__isnull=False),
            ),
            models.Index(fields=["cycle"], name="clock_cycle_idx"),
            models.Index(fields=["kind", "-met_at"], name="clock_met_idx", condition=Q(met_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} due {self.due_at}"

    def is_paused(self, now: datetime) -> bool:
        return self.paused_at is not None and (self.resumes_at is None or now < self.resumes_at)


@pghistory.track()
class ClockPause(models.Model):
    """Time cut out of a clock. What was worked before it counts, what is left runs on after it."""

    class Reason(models.TextChoices):
        WAITING = "waiting", "Waiting for the lead"
        AWAY = "away", "The lead is out of office"
        INSIDE = "inside", "Waiting for a colleague"
        OTHER = "other", "Something else"

    clock = models.ForeignKey(SlaClock, models.CASCADE, related_name="pauses")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, help_text="May lie ahead. Empty: until somebody resumes.")
    reason = models.CharField(max_length=8, choices=Reason)
    note = models.CharField(max_length=300, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    resumed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering: ClassVar = ["started_at", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["clock"], condition=Q(ended_at=None), name="pause_one_without_end"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=models.F("started_at")), name="pause_forward"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_reason_display()} since {self.started_at}"


@pghistory.track()
class ClockMove(models.Model):
    """A clock went on with another rep. What was left is counted by the new calendar from here on."""

    clock = models.ForeignKey(SlaClock, models.CASCADE, related_name="moves")
    at = models.DateTimeField()
    calendar_before = models.JSONField()
    from_rep = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    to_rep = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering: ClassVar = ["at", "pk"]

    def __str__(self) -> str:
        return f"From {self.from_rep} to {self.to_rep}"
