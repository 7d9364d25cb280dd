"""Backtests: what a draft would have done over all history, kept with the draft's text as it was then."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from leads.models import Lead
from scoring.models.versions import ModelVersion
from scoring.querysets import BacktestQuerySet


@pghistory.track(exclude=["done_leads", "total_leads", "result", "claimed_until"])
class Backtest(models.Model):
    """One run. `draft` and `against` are the definitions themselves, so a later edit changes nothing here."""

    class Outcome(models.TextChoices):
        ACCEPTED = "accepted", "Accepted by sales"
        SQL = "sql", "Became SQL"
        WON = "won", "Won"

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        CANCELLED = "cancelled", "Cancelled"
        FAILED = "failed", "Failed"

    version = models.ForeignKey(
        ModelVersion, models.SET_NULL, null=True, related_name="backtests", verbose_name="version"
    )
    against_version = models.ForeignKey(
        ModelVersion, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="compared with"
    )
    draft = models.JSONField()
    against = models.JSONField(null=True)
    outcome = models.CharField(max_length=8, choices=Outcome, default=Outcome.SQL)
    maturity_days = models.PositiveSmallIntegerField(
        "judged after",
        default=30,
        validators=[MinValueValidator(1), MaxValueValidator(730)],
        help_text="Days. Younger MQLs are counted but not judged.",
    )
    since = models.DateField("from", null=True, blank=True, help_text="Empty means all history.")
    until = models.DateTimeField(help_text="Nothing after this instant was read.")
    capacity = models.PositiveIntegerField(
        "MQLs sales can take a working day", default=0, validators=[MaxValueValidator(100_000)]
    )
    state = models.CharField(max_length=9, choices=State, default=State.QUEUED)
    starts = models.PositiveSmallIntegerField(default=0, editable=False)
    done_leads = models.PositiveIntegerField(default=0)
    total_leads = models.PositiveIntegerField(default=0)
    result = models.JSONField(default=dict)
    error = models.CharField(max_length=300, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=models.functions.Now())
    finished_at = models.DateTimeField(null=True)
    claimed_until = models.DateTimeField(null=True, editable=False)

    objects = BacktestQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"Backtest {self.pk} of version {self.number}"

    @property
    def number(self) -> int:
        return self.draft["version"]

    @property
    def against_number(self) -> int | None:
        return self.against["version"] if self.against else None

    @property
    def under_way(self) -> bool:
        return self.state in (self.State.QUEUED, self.State.RUNNING)

    @property
    def percent(self) -> int:
        return 100 * self.done_leads // self.total_leads if self.total_leads else 0


class BacktestMove(models.Model):
    """A lead that is MQL under one of the two definitions and not under the other; the first of each kind are kept."""

    class Kind(models.TextChoices):
        ENTERS = "enters", "Would enter"
        LEAVES = "leaves", "Would leave"

    backtest = models.ForeignKey(Backtest, models.CASCADE, related_name="moves")
    lead = models.ForeignKey(Lead, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=6, choices=Kind)
    at = models.DateTimeField(help_text="When it entered under the one that has it.")
    reached = models.BooleanField(help_text="Whether it reached the outcome, ever.")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["backtest", "kind", "lead"], name="backtest_move_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["backtest", "kind", "-at", "-id"], name="backtest_move_list_idx")
        ]

    def __str__(self) -> str:
        return f"{self.lead} {self.get_kind_display().lower()}"
