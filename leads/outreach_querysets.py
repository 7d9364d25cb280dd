"""Questions about personal outreach."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from leads.querysets import leads_of

if TYPE_CHECKING:
    from accounts.models import User


class OutreachQuerySet(models.QuerySet):
    def visible_to(self, user: User | Any) -> Self:
        """Reps see what concerns the leads they sell to; everybody else in the company sees all."""
        return self.filter(lead__in=leads_of(user)) if user.is_rep else self

    def open(self) -> Self:
        """Waits to be done; nobody writes to or calls the disqualified."""
        return self.filter(settled_at=None, lead__disqualification=None)

    def now(self) -> Self:
        """Open, and not set aside for later."""
        return self.open().filter(Q(snoozed_until=None) | Q(snoozed_until__lte=Now()))

    def due_soon(self) -> Self:
        """What the inbox shows above its leads: overdue, or due within two days, most urgent first."""
        soon = self.now().filter(due_at__lt=Now() + timedelta(days=2))
        return soon.select_related("lead").order_by("due_at", "pk")

    def later(self) -> Self:
        return self.open().filter(snoozed_until__gt=Now())
