"""Why a rep says no."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q

LONGEST = 3_650  # days
LOWEST = 1_000  # points


class NeedsNote:
    """A reason that may explain nothing without a note; the one place that says so."""

    needs_note: models.BooleanField
    note_helps = ""  # why, as in: so that marketing can act on it

    def missing(self, note: str) -> str:
        """What a refusal says, and an empty string when nothing is missing."""
        if not self.needs_note or note.strip():
            return ""
        return f"“{self}” needs a note{f', {self.note_helps}' if self.note_helps else ''}."


@pghistory.track()
class RejectReason(NeedsNote, models.Model):
    """Why a rep says no, chosen by digit, and what follows from it."""

    note_helps = "so that marketing can act on it"

    class Consequence(models.TextChoices):
        RECYCLE = "recycle", "Back to nurture"
        DISQUALIFY = "disqualify", "Disqualify"
        RETURN = "return", "Back to marketing to fix"
        SUPPRESS = "suppress", "Never mail again"

    label = models.CharField(max_length=100, unique=True)
    digit = models.PositiveSmallIntegerField(help_text="1 to 9, the key that chooses it.")
    consequence = models.CharField(max_length=10, choices=Consequence)
    needs_note = models.BooleanField(default=False)
    campaign = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="Back to nurture: the campaign that the lead enters."
    )
    after_days = models.PositiveSmallIntegerField(
        "days before the campaign",
        default=0,
        validators=[MaxValueValidator(LONGEST)],
        help_text="How long to wait before the lead enters that campaign.",
    )
    cool_down_days = models.PositiveSmallIntegerField(
        "cool-down, days",
        default=0,
        validators=[MaxValueValidator(LONGEST)],
        help_text="The lead cannot become an MQL again by points before. A critical signal still can.",
    )
    lower_by = models.PositiveSmallIntegerField(
        "points taken",
        default=0,
        validators=[MaxValueValidator(LOWEST)],
        help_text="Recorded as “score lowered by sales”; the scoring rule for it says how fast it fades.",
    )
    fix_fields = ArrayField(
        models.CharField(max_length=60),
        default=list,
        blank=True,
        verbose_name="fields to put right",
        help_text="Back to marketing: which fields marketing is asked to put right.",
    )
    active = models.BooleanField(default=True)

    class Meta:
        ordering: ClassVar = ["digit", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["digit"],
                condition=Q(active=True),
                name="reason_digit_unique",
                violation_error_message="Another active reason has this digit. Choose one that is free.",
            ),
            models.CheckConstraint(
                condition=Q(digit__gte=1, digit__lte=9),
                name="reason_digit_range",
                violation_error_message="Choose a digit from 1 to 9: it is the key that chooses the reason.",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    def clean(self) -> None:
        """What follows must belong to the consequence: a campaign nobody enters would only mislead."""
        recycles, returns = self.consequence == "recycle", self.consequence == "return"
        errors = {}
        if self.campaign and not recycles:
            errors["campaign"] = "Only a lead that goes back to nurture enters a campaign."
        if self.after_days and not self.campaign:
            errors["after_days"] = "Choose the campaign that the lead enters after these days."
        if self.cool_down_days and self.consequence not in ("recycle", "suppress"):
            errors["cool_down_days"] = "A cool-down follows only where the cycle ends and may begin again."
        if self.lower_by and self.consequence == "disqualify":
            errors["lower_by"] = "A disqualified lead is not scored, so there is nothing to take points from."
        if self.fix_fields and not returns:
            errors["fix_fields"] = "Only a lead that goes back to marketing is put right."
        if errors:
            raise ValidationError(errors)
