"""Segments: who is meant."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.conf import settings
from django.db import models

from nurturing.querysets import MarketingQuerySet


@pghistory.track(exclude=["kept_since", "building_until"])
class Segment(models.Model):
    """Leads that meet a definition, or a list of leads put together by hand.

    `conditions` is a definition as in nurturing.segments.language. Who is in it stands in SegmentMember once
    `kept_since` is set; until then (new, or just changed) the definition itself is asked.
    """

    class Kind(models.TextChoices):
        RULES = "rules", "Segment"
        LIST = "list", "List"

    name = models.CharField(max_length=150, unique=True)
    kind = models.CharField(max_length=5, choices=Kind, default=Kind.RULES, editable=False)
    conditions = models.JSONField(default=list)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    kept_since = models.DateTimeField(null=True, editable=False)
    building_until = models.DateTimeField(null=True, editable=False)

    objects = MarketingQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_list(self) -> bool:
        return self.kind == self.Kind.LIST

    @property
    def is_kept(self) -> bool:
        return self.is_list or self.kept_since is not None
