"""Segments: who is meant."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.conf import settings
from django.db import models

from nurturing.querysets import MarketingQuerySet


@pghistory.track()
class Segment(models.Model):
    """Leads that meet all of some simple conditions: a list of {"field", "op", "value"}."""

    name = models.CharField(max_length=150, unique=True)
    conditions = models.JSONField(default=list)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = MarketingQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name
