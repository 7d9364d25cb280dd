"""What sales asks marketing to put right."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from handoff.models.handoffs import Handoff
from handoff.querysets import RepairQuerySet


@pghistory.track()
class Repair(models.Model):
    """A rejected lead that came back to marketing: which fields are wrong. Open until a marketer says it is done."""

    handoff = models.OneToOneField(Handoff, models.CASCADE, related_name="repair")
    fields = ArrayField(models.CharField(max_length=60), default=list)
    asked_at = models.DateTimeField(db_default=models.functions.Now())
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    objects = RepairQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["handoff"], name="repair_open_idx", condition=Q(done_at=None)),
        ]

    def __str__(self) -> str:
        return f"Put right after handoff {self.handoff_id}"
