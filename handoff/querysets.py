"""Questions about handoffs and clocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.db import models

if TYPE_CHECKING:
    from accounts.models import User


class HandoffQuerySet(models.QuerySet):
    def visible_to(self, user: User | Any) -> Self:
        """Reps see their own; marketing and sales managers see all."""
        return self.filter(rep=user) if user.is_rep else self

    def open(self) -> Self:
        """Offered and not answered yet."""
        return self.filter(accepted_at=None, rejected_at=None, withdrawn_at=None)

    def being_worked(self) -> Self:
        """Accepted, and its cycle still open."""
        return self.filter(accepted_at__isnull=False, cycle__closed_at=None)


class ClockQuerySet(models.QuerySet):
    def running(self) -> Self:
        return self.filter(met_at=None, cancelled_at=None)

    def overdue(self, now: Any) -> Self:
        """Running past their time and not yet recorded as breached."""
        return self.running().filter(breached_at=None, due_at__lte=now)
