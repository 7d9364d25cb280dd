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

    def won(self) -> Self:
        return self.filter(outcome="won")

    def with_people(self) -> Self:
        """All that a card or a row shows."""
        return self.select_related("lead__company", "owner", "stage")
