"""Files of leads."""

from __future__ import annotations

import pghistory
from django.conf import settings
from django.db import models

from leads.querysets import ImportQuerySet


@pghistory.track(exclude=["done_rows", "report"])
class Import(models.Model):
    """One file of leads: read, mapped, tried, then run in the background in resumable steps."""

    class State(models.TextChoices):
        DRAFT = "draft", "Mapping"
        CHECKING = "checking", "Checking"
        CHECKED = "checked", "Checked"
        CONFIRMED = "confirmed", "Waiting to run"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    name = models.CharField(max_length=200)
    file = models.FileField(upload_to="imports/")
    mapping = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    total_rows = models.PositiveIntegerField(default=0)
    done_rows = models.PositiveIntegerField(default=0)
    report = models.JSONField(default=dict, help_text="Counts, and the first bad rows.")
    error = models.CharField(max_length=300, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    claimed_until = models.DateTimeField(null=True, editable=False)
    finished_at = models.DateTimeField(null=True)

    objects = ImportQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    @property
    def percent(self) -> int:
        return 100 * self.done_rows // self.total_rows if self.total_rows else 0


class BadRow(models.Model):
    """One row that could not go in: line, column and reason, in words."""

    run = models.ForeignKey(Import, models.CASCADE, related_name="bad_rows")
    line = models.PositiveIntegerField()
    column = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=300)
