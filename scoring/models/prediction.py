"""The predictive score: what was learnt, when it was applied, and what it says of each lead. Advice only."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import ClassVar

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from leads.models import Lead
from scoring.prediction.scorecard import Scorecard, Term

DECIDED = (Lead.Stage.CUSTOMER, Lead.Stage.DISQUALIFIED)  # there is nothing left to foretell of them


class PredictionModel(models.Model):
    """What was learnt once, as plain numbers, with how good it was. Never changes; the newest one is used."""

    trained_at = models.DateTimeField(db_default=models.functions.Now())
    trained_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    rows = models.PositiveIntegerField(help_text="Leads with a known outcome that it learnt from.")
    positives = models.PositiveIntegerField(help_text="Of these, won.")
    scorecard = models.JSONField(help_text="Weights of each group of each column.")
    metrics = models.JSONField(help_text="What the model card shows.")

    class Meta:
        ordering: ClassVar = ["-id"]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="freeze_prediction_model",
                operation=pgtrigger.Delete
                | pgtrigger.UpdateOf("trained_at", "rows", "positives", "scorecard", "metrics"),
            )
        ]

    def __str__(self) -> str:
        return f"Prediction {self.pk}"

    @cached_property
    def card(self) -> Scorecard:
        return Scorecard.from_data(self.scorecard)

    @cached_property
    def terms(self) -> list[Term]:
        return self.card.terms()

    def reasons(self, numbers: Iterable[int]) -> list[Term]:
        return [self.terms[number] for number in numbers]


class PredictionTraining(models.Model):
    """Somebody, or the schedule, asked for a model: what came of it."""

    asked_at = models.DateTimeField(db_default=models.functions.Now())
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    claimed_until = models.DateTimeField(null=True, editable=False)
    finished_at = models.DateTimeField(null=True)
    model = models.ForeignKey(PredictionModel, models.PROTECT, null=True, related_name="+")
    refusal = models.CharField(max_length=500, blank=True, help_text="Why nothing was learnt, in words.")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                models.Value(1), condition=Q(finished_at=None), name="prediction_one_training_waits"
            )
        ]

    def __str__(self) -> str:
        return f"Training {self.pk}"


class PredictionRun(models.Model):
    """One pass over all leads with one model; `counts` are the leads in each of its groups then."""

    model = models.ForeignKey(PredictionModel, models.CASCADE, related_name="runs")
    started_at = models.DateTimeField(db_default=models.functions.Now())
    finished_at = models.DateTimeField(null=True)
    leads = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["-finished_at"], name="prediction_run_idx")]

    def __str__(self) -> str:
        return f"Run {self.pk}"


class Prediction(models.Model):
    """How likely this lead is to be won, and the terms of the model that say most. Written by runs alone."""

    lead = models.OneToOneField(Lead, models.CASCADE, primary_key=True, related_name="prediction")
    model = models.ForeignKey(PredictionModel, models.CASCADE, related_name="+")
    probability = models.FloatField()
    reasons = models.JSONField(default=list, help_text="Numbers of the model's terms, strongest first.")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(probability__gte=0, probability__lte=1), name="prediction_is_a_probability"
            )
        ]

    def __str__(self) -> str:
        return f"{self.probability:.0%}"


@pghistory.track()
class UnlearntField(models.Model):
    """A column that a colleague keeps out of the prediction, from the next training on."""

    key = models.CharField(max_length=200, unique=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(db_default=models.functions.Now())

    def __str__(self) -> str:
        return self.key
