"""How fast mail may go, and how much of that is used up. Arithmetic: nurturing.metering."""

from __future__ import annotations

import re
from typing import ClassVar

import pghistory
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models

EVERY = "*"
DOMAIN = re.compile(r"[^\s@*]+\.[^\s@*]+")
SENDER = re.compile(r"[^\s@*]+@[^\s@*]+")
WORDS = {
    "domain": "This is no domain. Write it as in gmail.com, or * for all that have no row.",
    "sender": "This is no address. Write it as in dana@example.com, or * for all that have no row.",
}


@pghistory.track()
class Throttle(models.Model):
    """A limit that an admin set. The name * stands for all that have no row of their own."""

    class Kind(models.TextChoices):
        DOMAIN = "domain", "To a domain"
        SENDER = "sender", "From a sender"

    kind = models.CharField(max_length=6, choices=Kind, default=Kind.DOMAIN)
    name = models.CharField(
        max_length=254, help_text="A domain such as gmail.com, a sender's address, or * for all others."
    )
    per_minute = models.PositiveIntegerField(validators=[MinValueValidator(1)], default=1_000)
    per_hour = models.PositiveIntegerField(validators=[MinValueValidator(1)], default=20_000)
    connections = models.PositiveSmallIntegerField(
        validators=[MinValueValidator(1)],
        default=8,
        help_text="Mails to the domain under way at once, over all workers. Not used for senders.",
    )

    class Meta:
        verbose_name = "mail limit"
        ordering: ClassVar = ["kind", "name"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["kind", "name"],
                name="throttle_unique",
                violation_error_message="There is a limit for this already.",
            ),
            models.CheckConstraint(
                condition=models.Q(per_minute__gte=1, per_hour__gte=1, connections__gte=1),
                name="throttle_lets_some_through",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """As addresses are compared: lower case, a domain without its @."""
        self.name = self.name.strip().lower()
        if self.kind == self.Kind.DOMAIN:
            self.name = self.name.rpartition("@")[2]
        shape = DOMAIN if self.kind == self.Kind.DOMAIN else SENDER
        if self.name != EVERY and not shape.fullmatch(self.name):
            raise ValidationError({"name": WORDS[self.kind]})


class ThrottleState(models.Model):
    """What is left of a limit now, shared by all workers. A row that is missing is a full bucket."""

    key = models.CharField(max_length=262, primary_key=True, help_text="domain:gmail.com, sender:a@b.example")
    minute = models.FloatField()
    hour = models.FloatField()
    at = models.DateTimeField()
    slow = models.PositiveSmallIntegerField(default=0, help_text="Each step halves the speed.")
    slowed_at = models.DateTimeField(null=True)
    refusals = models.PositiveSmallIntegerField(default=0, help_text="In a row.")
    closed_until = models.DateTimeField(null=True)
    answer = models.CharField(max_length=300, blank=True, help_text="What slowed it down last.")
    next_free = models.DateTimeField(null=True, help_text="When the next mail that is put off gets its turn.")

    class Meta:
        verbose_name = "speed of mail now"
        verbose_name_plural = "speed of mail now"

    def __str__(self) -> str:
        return self.key

    @property
    def name(self) -> str:
        return self.key.partition(":")[2]


class ThrottleSlot(models.Model):
    """The right to have one mail to a domain under way. One that a dead worker held ends by itself."""

    state = models.ForeignKey(ThrottleState, models.CASCADE, related_name="slots")
    lease_until = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.state_id)
