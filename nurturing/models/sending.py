"""What holds for all mails: how often, at which hours; and what the gates said about each."""

from __future__ import annotations

from datetime import time
from typing import ClassVar

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from nurturing.models.messages import Message
from nurturing.quiet import EVERY_DAY, Hours


def working_week() -> list[int]:
    return list(EVERY_DAY[:5])


@pghistory.track()
class SendingRules(models.Model):
    """How often and when anybody may be mailed by campaigns, all campaigns together; exactly one row.

    Without the row there is no limit: the gates read it with an outer join.
    """

    cap_day = models.PositiveSmallIntegerField(
        "mails in 24 hours", default=1, null=True, blank=True, help_text="For one lead. Empty: no limit.",
        validators=[MinValueValidator(1)],
    )  # fmt: skip
    cap_week = models.PositiveSmallIntegerField(
        "mails in 7 days", default=3, null=True, blank=True, help_text="For one lead. Empty: no limit.",
        validators=[MinValueValidator(1)],
    )  # fmt: skip
    days = ArrayField(models.PositiveSmallIntegerField(), default=working_week, help_text="0 is Monday.")
    opens = models.TimeField("not before", default=time(8), help_text="On the lead's own clock.")
    closes = models.TimeField(
        "not from", default=time(20), help_text="Quiet from then on. The same as above: the whole day."
    )
    patience_days = models.PositiveSmallIntegerField(
        "days a mail may wait",
        default=14,
        validators=[MinValueValidator(1), MaxValueValidator(365)],
        help_text="A mail that the gates hold back for longer is not sent, and says why.",
    )

    class Meta:
        verbose_name_plural = "sending rules"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(pk=1), name="sending_rules_single"),
            models.CheckConstraint(
                condition=(Q(cap_day=None) | Q(cap_day__gte=1)) & (Q(cap_week=None) | Q(cap_week__gte=1)),
                name="sending_rules_caps",
            ),
        ]

    def __str__(self) -> str:
        return "Sending rules"

    @property
    def hours(self) -> Hours:
        return Hours(tuple(self.days), self.opens, self.closes)


class GateNote(models.Model):
    """Why a mail was held back or not sent. The same gate saying the same again only counts up.

    What a mail that passed was measured against stands in `Message.gates_saw`.
    """

    class Verdict(models.TextChoices):
        DEFERRED = "deferred", "Held back"
        SUPPRESSED = "suppressed", "Not sent"

    message = models.ForeignKey(Message, models.CASCADE, related_name="notes")
    gate = models.CharField(max_length=12)
    verdict = models.CharField(max_length=10, choices=Verdict)
    words = models.CharField(max_length=300, help_text="With the value that the gate saw.")
    until = models.DateTimeField(null=True, help_text="When the gates open.")
    first_at = models.DateTimeField(db_default=models.functions.Now())
    last_at = models.DateTimeField(db_default=models.functions.Now())
    times = models.PositiveIntegerField(default=1)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["message", "gate", "verdict"], name="gate_note_once")
        ]

    def __str__(self) -> str:
        return self.words
