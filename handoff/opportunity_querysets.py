"""Questions about deals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.db import models

if TYPE_CHECKING:
    from accounts.models import User


class OpportunityQuerySet(models.QuerySet):
    def visible_to(self, user: User | Any) -> Self:
        """Reps see the deals they own; marketing and sales managers see all."""
        return self.filter(owner=user) if user.is_rep else self

    def open(self) -> Self:
        return self.filter(closed_at=None)

    def doubled(self) -> Self:
        """Open deals of leads with more than one: two people turned out to be one, and each had a deal."""
        other = self.model._default_manager.filter(lead=models.OuterRef("lead"), closed_at=None)
        return self.open().filter(models.Exists(other.exclude(pk=models.OuterRef("pk"))))

    def won(self) -> Self:
        return self.filter(outcome="won")

    def with_people(self) -> Self:
        """All that a card or a row shows."""
        return self.select_related("lead__company", "owner", "stage")
