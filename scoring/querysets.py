"""Questions about scores, versions and qualification cycles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models.functions import Now

if TYPE_CHECKING:
    from accounts.models import User


class ModelVersionQuerySet(models.QuerySet):
    def published(self) -> Any:
        """The one version in force, or None before the first is published."""
        return self.filter(state="published").first()


class ScoreQuerySet(models.QuerySet):
    def visible_to(self, user: User | Any) -> Self:
        return self.filter(lead__owner=user) if user.is_rep else self


class CycleQuerySet(models.QuerySet):
    def visible_to(self, user: User | Any) -> Self:
        return self.filter(lead__owner=user) if user.is_rep else self

    def open(self) -> Self:
        return self.filter(closed_at=None)

    def cooling(self) -> Self:
        """Closed, and the lead may not qualify by points again yet."""
        return self.filter(cool_until__gt=Now())

    def cooled(self) -> Self:
        """Their cool-down is over and nobody has looked at the lead since."""
        return self.filter(cool_until__lte=Now(), cooled_at=None)
