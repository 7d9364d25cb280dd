"""What the organisation decided about silence, qualification and feedback."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.core.validators import MaxValueValidator
from django.db import models


@pghistory.track()
class Agreement(models.Model):
    """What marketing and sales agreed on; exactly one row."""

    class Silence(models.TextChoices):
        NOTHING = "nothing", "Nothing: the offer stays open"
        ACCEPT = "accept", "The lead counts as accepted"
        RETURN = "return", "The lead goes back to marketing"
        ESCALATE = "escalate", "The sales manager is told"

    class Needed(models.TextChoices):
        NOT = "not", "Not needed"
        KNOWN = "known", "Must be known"
        YES = "yes", "Must be a yes"

    silence = models.CharField(
        "when a rep stays silent",
        max_length=8,
        choices=Silence,
        default=Silence.NOTHING,
        help_text="What happens to an offer that nobody answers.",
    )
    silence_minutes = models.PositiveIntegerField(
        "silence after",
        default=240,
        validators=[MaxValueValidator(100_000)],
        help_text="Working minutes after the promise to answer was broken.",
    )
    budget = models.CharField(max_length=5, choices=Needed, default=Needed.NOT)
    authority = models.CharField(max_length=5, choices=Needed, default=Needed.NOT)
    need = models.CharField(max_length=5, choices=Needed, default=Needed.NOT)
    timing = models.CharField(max_length=5, choices=Needed, default=Needed.NOT)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(pk=1), name="agreement_single")]

    def __str__(self) -> str:
        return "The agreement between marketing and sales"

    @classmethod
    def current(cls) -> Agreement:
        return cls.objects.filter(pk=1).first() or cls(pk=1)

    @property
    def needed(self) -> dict[str, str]:
        """{letter: known or yes} of what an SQL must have."""
        letters = ("budget", "authority", "need", "timing")
        found = {letter: str(getattr(self, letter)) for letter in letters}
        return {letter: what for letter, what in found.items() if what != self.Needed.NOT}
