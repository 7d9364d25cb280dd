"""Who runs through which campaign."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from leads.models import Lead
from nurturing.models.campaigns import Campaign, CampaignVersion, Step
from nurturing.querysets import EnrolmentQuerySet


class Enrolment(models.Model):
    """One lead's run through one version of one campaign.

    `due_at` is empty while a mail of this run is under way: the next wait starts when that mail is settled.
    """

    class Ended(models.TextChoices):
        COMPLETED = "completed", "Reached the end"
        GOAL = "goal", "Reached the goal"
        HANDED_OFF = "handed_off", "Sales took over"
        UNSUBSCRIBED = "unsubscribed", "Must not be mailed"
        NO_CONSENT = "no_consent", "Did not agree to this topic"
        DISQUALIFIED = "disqualified", "Disqualified"
        STOPPED = "stopped", "Stopped by a colleague"
        CAMPAIGN_ENDED = "campaign_ended", "The campaign ended"
        NO_ADDRESS = "no_address", "Has no address"
        MERGED = "merged", "Merged into another lead"
        EXITED = "exited", "Left at a step"

    # Each step writes a new entry into every index of this table: none that another one makes superfluous.
    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="enrolments", db_index=False)
    version = models.ForeignKey(CampaignVersion, models.PROTECT, related_name="enrolments")
    lead = models.ForeignKey(Lead, models.CASCADE, related_name="enrolments")
    rotation = models.PositiveSmallIntegerField(default=1)
    step = models.ForeignKey(
        Step,
        models.PROTECT,
        null=True,
        related_name="enrolments",
        help_text="Where the run stands. Empty behind the last step.",
    )
    due_at = models.DateTimeField(null=True, help_text="When that step is due.")
    lease_until = models.DateTimeField(
        null=True, help_text="Claimed until then. In no index, so that a claim writes to none."
    )
    trouble = models.CharField(
        max_length=200, blank=True, db_default="", help_text="Why the step in hand could not be done."
    )
    enrolled_at = models.DateTimeField(db_default=models.functions.Now())
    enrolled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False
    )
    drawn_percent = models.PositiveSmallIntegerField(
        default=0,
        db_default=0,
        help_text="The share that was held out when this lead was drawn; 0 without a draw.",
    )
    ended_at = models.DateTimeField(null=True)
    ended_because = models.CharField(max_length=16, choices=Ended, blank=True)

    objects = EnrolmentQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["campaign", "lead", "rotation"], name="enrolment_rotation_unique"
            ),
            models.UniqueConstraint(
                fields=["campaign", "lead"], condition=Q(ended_at=None), name="enrolment_one_active"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_because="")
                | (Q(ended_at__isnull=False) & ~Q(ended_because="")),
                name="enrolment_end_has_reason",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["id"], name="enrolment_stranded_idx", condition=Q(ended_at=None, due_at=None)
            ),
            models.Index(
                fields=["campaign", "due_at"], name="enrolment_turn_idx", condition=Q(ended_at=None)
            ),
            models.Index(fields=["campaign", "-id"], name="enrolment_people_idx"),
        ]


class Visit(models.Model):
    """One run at one step: when it came, what was decided, when it went on. Kept for ever: it explains the run."""

    enrolment = models.ForeignKey(Enrolment, models.CASCADE, related_name="visits")
    step = models.ForeignKey(Step, models.PROTECT, related_name="visits")
    at = models.DateTimeField(db_default=models.functions.Now())
    until = models.DateTimeField(null=True, help_text="How long it waits here.")
    left_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=12, blank=True, help_text="The branch, or what became of it.")
    words = models.CharField(max_length=300, blank=True, help_text="Why, as a person reads it.")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["enrolment", "step"], name="visit_once")]
        indexes: ClassVar = [
            models.Index(fields=["step", "outcome"], name="visit_outcome_idx"),
            models.Index(fields=["step"], name="visit_open_idx", condition=Q(left_at=None)),
        ]

    def __str__(self) -> str:
        return f"Run {self.enrolment_id} at step {self.step_id}"
