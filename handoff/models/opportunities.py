"""Deals: what an accepted handoff may become."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any, ClassVar

import pghistory
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q

from handoff.currencies import CODES, USUAL
from handoff.models.handoffs import Handoff
from handoff.models.reasons import NeedsNote
from handoff.opportunity_querysets import OpportunityQuerySet
from leads.models import Lead

EARLIEST_YEAR, LATEST_YEAR = 2000, 2100  # of an expected close


def sensible_close(day: date) -> None:
    """Raises ValidationError for a year that was mistyped."""
    if not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
        raise ValidationError(f"Choose a year from {EARLIEST_YEAR} to {LATEST_YEAR}.")


@pghistory.track()
class PipelineStage(models.Model):
    """One column of the pipeline. Deals move among the open ones and end in one that is won or lost."""

    class Kind(models.TextChoices):
        OPEN = "open", "Open"
        WON = "won", "Won"
        LOST = "lost", "Lost"

    name = models.CharField(max_length=60, unique=True)
    kind = models.CharField(max_length=4, choices=Kind, default=Kind.OPEN)
    order = models.PositiveSmallIntegerField(default=0, help_text="Columns stand in this order.")
    active = models.BooleanField(default=True, help_text="Switch off instead of deleting: history stays.")

    class Meta:
        ordering: ClassVar = ["order", "pk"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """A pipeline without a beginning, a win or a loss cannot be worked; deals may not be left in the dark."""
        others = PipelineStage.objects.filter(active=True).exclude(pk=self.pk)
        kinds = set(others.values_list("kind", flat=True)) | ({self.kind} if self.active else set())
        missing = [kind.label.lower() for kind in self.Kind if kind not in kinds]
        if missing:
            raise ValidationError(f"At least one active stage must be {' and one '.join(missing)}.")
        self._keep_its_deals()

    def _keep_its_deals(self) -> None:
        before = PipelineStage.objects.filter(pk=self.pk).first()
        if before is None or not before.opportunities.exists():
            return
        if before.kind != self.kind:
            raise ValidationError(
                {"kind": "Deals stand in this stage. Make a new stage and move them first."}
            )
        if not self.active and self.kind == self.Kind.OPEN:
            raise ValidationError({"active": "Deals stand in this stage. Move them to another one first."})


@pghistory.track()
class CloseReason(NeedsNote, models.Model):
    """Why a deal was lost. Reports count these, so they are chosen and not typed."""

    label = models.CharField(max_length=80, unique=True)
    order = models.PositiveSmallIntegerField(default=0)
    needs_note = models.BooleanField(default=False)
    active = models.BooleanField(default=True)

    class Meta:
        ordering: ClassVar = ["order", "pk"]

    def __str__(self) -> str:
        return self.label


@pghistory.track()
class Opportunity(models.Model):
    """A deal opened from an accepted handoff; one a handoff, so a double click cannot make two.

    `version` rises with each change: an answer to a page that is out of date changes nothing. `form_key` names
    the form that opened it. Source and campaign are written when it is won; see handoff.services.revenue.
    """

    class Outcome(models.TextChoices):
        WON = "won", "Won"
        LOST = "lost", "Lost"

    handoff = models.OneToOneField(Handoff, models.PROTECT, related_name="opportunity")
    lead = models.ForeignKey(Lead, models.CASCADE, related_name="opportunities")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="opportunities")
    name = models.CharField(max_length=150)
    amount = models.DecimalField(
        max_digits=15, decimal_places=3, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    currency = models.CharField(max_length=3, choices=[(code, code) for code in CODES], default=USUAL)
    expected_close = models.DateField(null=True, blank=True)
    stage = models.ForeignKey(PipelineStage, models.PROTECT, related_name="opportunities")
    stage_since = models.DateTimeField(db_default=models.functions.Now())
    outcome = models.CharField(max_length=4, choices=Outcome, blank=True)
    closed_at = models.DateTimeField(null=True)
    close_reason = models.ForeignKey(CloseReason, models.PROTECT, null=True, related_name="+")
    close_note = models.CharField(max_length=500, blank=True)
    reopened = models.PositiveSmallIntegerField(default=0, help_text="How often it was opened again.")
    opened_at = models.DateTimeField(db_default=models.functions.Now())
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    version = models.PositiveIntegerField(default=1)
    form_key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    first_source = models.CharField(max_length=150, blank=True)
    first_campaign = models.CharField(max_length=150, blank=True)
    last_source = models.CharField(max_length=150, blank=True)
    last_campaign = models.CharField(max_length=150, blank=True)

    objects = OpportunityQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "opportunities"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(outcome="", closed_at=None) | (~Q(outcome="") & Q(closed_at__isnull=False)),
                name="opportunity_outcome_when_closed",
            ),
            models.CheckConstraint(
                condition=~Q(outcome="lost") | Q(close_reason__isnull=False),
                name="opportunity_lost_has_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(amount=None) | Q(amount__gte=0), name="opportunity_amount_not_negative"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["stage", "expected_close", "id"],
                name="opportunity_board_idx",
                condition=Q(closed_at=None),
            ),
            models.Index(
                fields=["owner", "expected_close", "id"],
                name="opportunity_owner_idx",
                condition=Q(closed_at=None),
            ),
            models.Index(
                fields=["outcome", "-closed_at"],
                name="opportunity_closed_idx",
                condition=Q(closed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    def workable_by(self, user: Any) -> bool:
        """Seeing is not acting: its owner works it, or whoever leads sales."""
        return self.owner_id == user.pk or user.leads_sales


class StageStep(models.Model):
    """Every stage a deal went through: from, to, who, when, and what it was worth then. Append-only."""

    opportunity = models.ForeignKey(Opportunity, models.CASCADE, related_name="steps")
    from_stage = models.ForeignKey(PipelineStage, models.PROTECT, null=True, related_name="+")
    stage = models.ForeignKey(PipelineStage, models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=models.functions.Now())
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    amount = models.DecimalField(max_digits=15, decimal_places=3, null=True)
    currency = models.CharField(max_length=3)
    note = models.CharField(max_length=600, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["opportunity", "-at"], name="stage_step_idx")]

    def __str__(self) -> str:
        return f"{self.stage} at {self.at}"
