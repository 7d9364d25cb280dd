"""What is watched for, and each time it happened."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.db import models
from django.db.models import Q
from django.urls import reverse

from leads.models import Lead
from scoring.querysets import AlertQuerySet, WatchQuerySet
from scoring.watches import BANDS


@pghistory.track()
class Watch(models.Model):
    """A high-value action or a crossing of the score that somebody wants to hear of; see scoring.watches."""

    class On(models.TextChoices):
        ACTION = "action", "Something a lead does"
        CROSSING = "crossing", "The score crosses a line"

    class Aggregate(models.TextChoices):
        COUNT = "count", "How often"
        DISTINCT = "distinct", "How many different"
        SUM = "sum", "Seconds in all"

    class Crossing(models.TextChoices):
        RISES = "rises", "Rises to a number of points"
        BAND = "band", "Reaches a band"
        QUALIFIES = "qualifies", "Comes to meet the definition of an MQL"
        FALLS = "falls", "Falls below a number of points"
        LEAVES = "leaves", "Falls out of the definition, below the line minus the margin"

    name = models.CharField(max_length=100, unique=True)
    enabled = models.BooleanField(default=True)
    on = models.CharField("what", max_length=8, choices=On, default=On.ACTION)
    activity = models.CharField(max_length=70, blank=True)
    conditions = models.JSONField(
        default=list, blank=True, help_text='A list of {"field", "op", "value"}; all must hold.'
    )
    aggregate = models.CharField(max_length=8, choices=Aggregate, default=Aggregate.COUNT)
    distinct_by = models.CharField(max_length=60, blank=True)
    n = models.PositiveIntegerField("at least", default=1)
    window_hours = models.PositiveIntegerField(
        "within", null=True, blank=True, help_text="Hours; empty means all time."
    )
    crossing = models.CharField(max_length=9, choices=Crossing, blank=True)
    points = models.IntegerField(null=True, blank=True, help_text="For rising to or falling below.")
    band = models.CharField(max_length=2, blank=True, choices=[(band, band) for band in BANDS])
    least_score = models.IntegerField(
        "only from this score on", null=True, blank=True, help_text="Points; empty for every lead."
    )
    only_qualified = models.BooleanField("only leads that qualify", default=False)
    only_owned = models.BooleanField("only leads with an owner", default=False)
    cool_down_hours = models.PositiveIntegerField(
        "pause for one lead", default=24, help_text="Hours without another alert for the same lead."
    )
    since = models.DateTimeField(
        db_default=models.functions.Now(),
        editable=False,
        help_text="What happened before raises nothing: the last change of this watch.",
    )

    objects = WatchQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "watches"
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class Alert(models.Model):
    """One watch met by one lead. `key` names the evidence, so it is raised once, whoever finds it."""

    watch = models.ForeignKey(Watch, models.CASCADE, related_name="alerts")
    lead = models.ForeignKey(Lead, models.CASCADE, related_name="alerts")
    key = models.CharField(max_length=60)
    words = models.CharField(max_length=300, help_text="What happened, behind the name of the lead.")
    activity_id = models.BigIntegerField(null=True, help_text="The newest activity that counted.")
    evidence_at = models.DateTimeField(null=True)
    total = models.IntegerField()
    band = models.CharField(max_length=2)
    at = models.DateTimeField()
    told_at = models.DateTimeField(null=True, help_text="When whoever it concerns was told.")

    objects = AlertQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["watch", "key"], name="alert_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["watch", "lead", "-at"], name="alert_pause_idx"),
            models.Index(fields=["watch", "-at"], name="alert_watch_idx"),
            models.Index(fields=["id"], name="alert_untold_idx", condition=Q(told_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.lead}: {self.words}"

    def get_absolute_url(self) -> str:
        """The line that raised it: the activity in the lead's timeline, or the lines of the score."""
        if self.activity_id:
            return f"{reverse('leads:detail', args=[self.lead_id])}#activity-{self.activity_id}"
        return reverse("scoring:explanation", args=[self.lead_id])
