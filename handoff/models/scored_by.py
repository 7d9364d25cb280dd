"""Which rules had scored a lead that sales rejected."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from handoff.models.handoffs import Handoff


class ScoredBy(models.Model):
    """One line of the score a rep was handed, kept when they said no: what marketing learns its rules from."""

    handoff = models.ForeignKey(Handoff, models.CASCADE, related_name="scored_by")
    rule_key = models.CharField(max_length=60)
    rule_name = models.CharField(max_length=150)
    points = models.IntegerField()
    version = models.PositiveIntegerField(help_text="The number of the scoring version.")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["handoff", "rule_key"], name="scored_by_one_a_rule"),
        ]
        indexes: ClassVar = [models.Index(fields=["rule_key", "handoff"], name="scored_by_rule_idx")]

    def __str__(self) -> str:
        return f"{self.rule_name} {self.points:+d}"
