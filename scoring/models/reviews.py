"""Who answers for the definition, when it is looked at again, and who looked at it."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from scoring.models.versions import ModelVersion

USUAL_DAYS = 90


@pghistory.track()
class ReviewPolicy(models.Model):
    """Stands outside the versions, so that naming another owner changes no definition; exactly one row."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        limit_choices_to={"is_active": True},
        help_text="Answers for the definition, and is told when it is due for review.",
    )
    every_days = models.PositiveSmallIntegerField(
        "days between reviews",
        default=USUAL_DAYS,
        validators=[MinValueValidator(7), MaxValueValidator(730)],
        help_text="Counted from the publication or the last review. From 7 to 730; a quarter has about 90.",
    )

    class Meta:
        verbose_name = verbose_name_plural = "review of the definition"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(pk=1), name="review_policy_single"),
            models.CheckConstraint(condition=Q(every_days__range=(7, 730)), name="review_policy_days"),
        ]

    def __str__(self) -> str:
        return "Review of the definition"

    @classmethod
    def current(cls) -> ReviewPolicy:
        return cls.objects.select_related("owner").filter(pk=1).first() or cls(pk=1)


class DefinitionReview(models.Model):
    """Somebody looked at a version and left it as it is; append-only, once a day."""

    version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="reviews")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    day = models.DateField(help_text="In the zone of the organisation.")
    at = models.DateTimeField(db_default=models.functions.Now())
    note = models.CharField(max_length=500)

    class Meta:
        ordering: ClassVar = ["-at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "day"], name="definition_review_once_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.version}, {self.day:%d %b %Y}"


class ReviewReminder(models.Model):
    """The owner was told that a review was due that day; once for each day due and owner."""

    version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="+")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    due_on = models.DateField()
    at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "owner", "due_on"], name="review_reminder_once")
        ]

    def __str__(self) -> str:
        return f"{self.version}, due on {self.due_on:%d %b %Y}"
