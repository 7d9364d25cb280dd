"""Whose turn it is."""

from __future__ import annotations

import pghistory
from django.conf import settings
from django.db import models


@pghistory.track(exclude=["credit"])  # moves with each offer, and the offer says why
class RoundRobinSeat(models.Model):
    """A rep's place in the rotation. `credit` is what the rotation owes them; the largest goes next."""

    rep = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="seat")
    weight = models.PositiveSmallIntegerField(default=1)
    credit = models.IntegerField(default=0, editable=False)
    active = models.BooleanField(default=True)

    def __str__(self) -> str:
        return f"{self.rep}, weight {self.weight}"
