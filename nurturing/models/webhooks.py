"""Other systems that campaigns tell something, and every call to them."""

from __future__ import annotations

import uuid
from typing import ClassVar

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q

from nurturing.models.campaigns import Step
from nurturing.models.enrolments import Enrolment
from nurturing.querysets import MarketingQuerySet


@pghistory.track(exclude=["sealed", "sealed_before"])
class WebhookEndpoint(models.Model):
    """Where a campaign's webhook steps call. Its secret is sealed; the one before stays valid for a day."""

    name = models.CharField(max_length=100, unique=True)
    url = models.URLField(max_length=1000)
    sealed = models.BinaryField()
    sealed_before = models.BinaryField(null=True)
    rotated_at = models.DateTimeField(null=True)
    disabled_at = models.DateTimeField(null=True)
    disabled_because = models.CharField(max_length=200, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=models.functions.Now())

    objects = MarketingQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class WebhookCall(models.Model):
    """One call for one run at one step; tried again by the schedule, always under the same id.

    waiting -> calling (lease) -> delivered | waiting | failed
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        CALLING = "calling", "Being called"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Given up"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    endpoint = models.ForeignKey(WebhookEndpoint, models.PROTECT, related_name="calls")
    enrolment = models.ForeignKey(Enrolment, models.CASCADE, related_name="webhook_calls")
    step = models.ForeignKey(Step, models.PROTECT, related_name="webhook_calls")
    payload = models.JSONField()
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(db_default=models.functions.Now())
    status = models.PositiveSmallIntegerField(null=True, help_text="What the other side answered last.")
    answer = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(db_default=models.functions.Now())
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["enrolment", "step"], name="webhook_call_once")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["due_at"], name="webhook_call_due_idx", condition=Q(state__in=["waiting", "calling"])
            ),
            models.Index(fields=["endpoint", "-created_at", "id"], name="webhook_call_log_idx"),
            models.Index(fields=["step", "state"], name="webhook_call_step_idx"),
        ]

    def __str__(self) -> str:
        return str(self.id)
