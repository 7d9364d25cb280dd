"""When versions come into force and how: who agreed, who asked for it, what became of it."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from scoring.models.versions import ModelVersion
from scoring.querysets import PublicationQuerySet

MOST_AN_HOUR = 10_000


@pghistory.track()
class PublishingPolicy(models.Model):
    """How careful this organisation is with its definition; exactly one row."""

    needs_approval = models.BooleanField(
        "two people",
        default=False,
        help_text="A second admin must approve a draft as it stands before it can be published.",
    )

    class Meta:
        verbose_name = verbose_name_plural = "publishing policy"
        constraints: ClassVar = [models.CheckConstraint(condition=Q(pk=1), name="publishing_policy_single")]

    def __str__(self) -> str:
        return "Publishing policy"

    @classmethod
    def current(cls) -> PublishingPolicy:
        return cls.objects.filter(pk=1).first() or cls(pk=1)


class Approval(models.Model):
    """A second person agreed to a draft with exactly this content; another content needs another one."""

    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="approvals")
    fingerprint = models.CharField(max_length=64)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "fingerprint", "by"], name="approval_once"),
        ]

    def __str__(self) -> str:
        return f"{self.version}, by {self.by}"


@pghistory.track()
class Publication(models.Model):
    """One version coming into force, now or at an instant: how leads follow it, and how it went."""

    class Mode(models.TextChoices):
        FIRE = "fire", "Score everybody anew, and hand on those who qualify"
        SILENT = "silent", "Score everybody anew, silently"
        NEW_EVENTS = "new_events", "Only on new events"

    class State(models.TextChoices):
        WAITING = "waiting", "Scheduled"
        DONE = "done", "Published"
        CANCELLED = "cancelled", "Cancelled"
        BLOCKED = "blocked", "Blocked"

    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="publications")
    mode = models.CharField(max_length=10, choices=Mode, default=Mode.FIRE)
    per_hour = models.PositiveIntegerField(
        "MQLs an hour",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_AN_HOUR)],
        help_text="At most so many leads are handed on in an hour; the rest wait. Empty means no limit.",
    )
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    due_at = models.DateTimeField(db_default=Now())
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    requested_at = models.DateTimeField(db_default=Now())
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    words = models.CharField(max_length=1000, blank=True, help_text="What stood in the way.")
    rescored_at = models.DateTimeField(
        null=True, blank=True, help_text="When the last lead was scored under it."
    )

    objects = PublicationQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["version"], condition=Q(state="waiting"), name="publication_one_waiting"
            ),
            models.UniqueConstraint(
                fields=["version"], condition=Q(state="done"), name="publication_one_done"
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", settled_at=None)
                | (~Q(state="waiting") & Q(settled_at__isnull=False)),
                name="publication_settled",
            ),
            models.CheckConstraint(
                condition=Q(per_hour=None) | Q(per_hour__gte=1), name="publication_pace_moves"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=Q(state="waiting"), name="publication_due_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.version}: {self.get_state_display().lower()}"

    @property
    def fires_slowly(self) -> bool:
        return self.mode == self.Mode.FIRE and self.per_hour is not None
