"""Questions about notifications and their deliveries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models.functions import Now

if TYPE_CHECKING:
    from accounts.models import User


class NotificationQuerySet(models.QuerySet):
    def visible_to(self, user: User | Any) -> Self:
        """Everybody sees their own, whatever their role."""
        return self.filter(user_id=user.pk, in_app=True)

    def unread(self) -> Self:
        return self.filter(read_at=None)


class DeliveryQuerySet(models.QuerySet):
    def due(self) -> Self:
        return self.filter(state="due", due_at__lte=Now())

    def given_up(self) -> Self:
        """Claimed by a worker that never said what became of it."""
        return self.filter(state="sending", claimed_until__lt=Now())
