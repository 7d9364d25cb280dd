"""Offers and their answers."""

from __future__ import annotations

from typing import Any, ClassVar

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q

from handoff.models.reasons import RejectReason
from handoff.querysets import HandoffQuerySet
from leads.models import Lead
from scoring.models import QualificationCycle


@pghistory.track()
class Handoff(models.Model):
    """The offer of one MQL cycle to a rep. Answered once, by a conditional update."""

    class Silence(models.TextChoices):
        ACCEPTED = "accepted", "Accepted by silence"
        RETURNED = "returned", "Returned by silence"
        ESCALATED = "escalated", "Escalated"

    cycle = models.ForeignKey(QualificationCycle, models.CASCADE, related_name="handoffs")
    lead = models.ForeignKey(Lead, models.CASCADE, related_name="handoffs")
    rep = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="handoffs")
    note = models.CharField("why now", max_length=500, blank=True)
    routed_because = models.CharField(max_length=300, help_text="Why this rep, in words a rep can read.")
    offered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    offered_at = models.DateTimeField(db_default=models.functions.Now())
    accepted_at = models.DateTimeField(null=True)
    rejected_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(
        null=True, help_text="Taken back before an answer, or passed on to another rep after it."
    )
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    reject_reason = models.ForeignKey(RejectReason, models.PROTECT, null=True, related_name="+")
    answer_note = models.CharField(max_length=500, blank=True)
    first_touch_at = models.DateTimeField(null=True)
    settles_at = models.DateTimeField(
        null=True, help_text="When the answer takes effect; until then it can be undone. Empty once it did."
    )

    silence = models.CharField(
        max_length=9, choices=Silence, blank=True, help_text="What the silence rule did; empty for nothing."
    )
    silence_due_at = models.DateTimeField(null=True, help_text="When the silence rule acts, in working time.")
    silence_at = models.DateTimeField(null=True)
    snoozed_until = models.DateTimeField(null=True, help_text="Out of sight until then; the clocks run on.")

    objects = HandoffQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["cycle"], condition=Q(rejected_at=None, withdrawn_at=None), name="handoff_one_live"
            ),
            models.CheckConstraint(
                condition=Q(rejected_at=None) | Q(accepted_at=None, withdrawn_at=None),
                name="handoff_one_answer",
            ),
            models.CheckConstraint(
                condition=Q(rejected_at=None) | Q(reject_reason__isnull=False), name="handoff_reason_required"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["rep", "offered_at"],
                name="handoff_open_idx",
                condition=Q(accepted_at=None, rejected_at=None, withdrawn_at=None),
            ),
            models.Index(fields=["lead", "-offered_at"], name="handoff_lead_idx"),
            models.Index(
                fields=["-rejected_at"], name="handoff_rejected_idx", condition=Q(rejected_at__isnull=False)
            ),
            models.Index(
                fields=["settles_at"], name="handoff_unsettled_idx", condition=Q(settles_at__isnull=False)
            ),
            models.Index(
                fields=["snoozed_until"], name="handoff_snoozed_idx", condition=Q(snoozed_until__isnull=False)
            ),
            models.Index(
                fields=["rep", "-accepted_at"],
                name="handoff_accepted_idx",
                condition=Q(accepted_at__isnull=False),
            ),
            models.Index(
                fields=["-accepted_at"], name="handoff_lately_idx", condition=Q(accepted_at__isnull=False)
            ),
            models.Index(
                fields=["silence_due_at"],
                name="handoff_silent_idx",
                condition=Q(silence_due_at__isnull=False, silence=""),
            ),
            models.Index(
                fields=["-silence_at"], name="handoff_silenced_idx", condition=Q(silence_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"Handoff of {self.lead_id} to {self.rep}"

    @property
    def is_open(self) -> bool:
        return not (self.accepted_at or self.rejected_at or self.withdrawn_at)

    @property
    def answer(self) -> str:
        """In words of the past: accepted, rejected, withdrawn, passed on, or nothing while it is open."""
        if self.accepted_at and self.withdrawn_at:
            return "passed on"
        for word, moment in (
            ("accepted", self.accepted_at),
            ("rejected", self.rejected_at),
            ("withdrawn", self.withdrawn_at),
        ):
            if moment:
                return word
        return ""

    def answerable_by(self, user: Any) -> bool:
        """Seeing is not acting: the rep answers, or whoever leads sales answers for them."""
        return self.rep_id == user.pk or user.leads_sales
