"""How well the rules in force do, looked over each night, and what would do better."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q

from scoring.models.versions import ModelVersion


class HealthReport(models.Model):
    """One look over all leads. `result` holds counts; the sentences are made of them when somebody reads."""

    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="health_reports")
    asked_at = models.DateTimeField(db_default=models.functions.Now())
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    starts = models.PositiveSmallIntegerField(default=0, editable=False)
    done_leads = models.PositiveIntegerField(default=0)
    claimed_until = models.DateTimeField(null=True, editable=False)
    finished_at = models.DateTimeField(null=True)
    as_of = models.DateTimeField(null=True)
    result = models.JSONField(default=dict)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                models.Value(1), condition=Q(finished_at=None), name="health_one_report_waits"
            )
        ]

    def __str__(self) -> str:
        return f"Health of version {self.version_id}"


@pghistory.track(exclude=["words", "measure"])
class Suggestion(models.Model):
    """One change that was measured. `change` is plain data; pressing it makes a draft, once."""

    class Kind(models.TextChoices):
        ADD = "add", "A rule that is missing"
        POINTS = "points", "Other points"
        OFF = "off", "Switch off"
        CARD = "card", "A fitted scorecard"

    report = models.ForeignKey(HealthReport, models.CASCADE, related_name="suggestions")
    kind = models.CharField(max_length=6, choices=Kind)
    position = models.PositiveSmallIntegerField()
    change = models.JSONField()
    words = models.CharField(max_length=300)
    measure = models.JSONField(default=dict)
    draft = models.ForeignKey(ModelVersion, models.SET_NULL, null=True, related_name="+")
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    opened_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["position", "id"]

    def __str__(self) -> str:
        return self.words
