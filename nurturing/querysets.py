"""Questions about campaigns, enrolments and messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.db import models

if TYPE_CHECKING:
    from accounts.models import User


class MarketingQuerySet(models.QuerySet):
    """Segments and campaigns belong to marketing."""

    def visible_to(self, user: User | Any) -> Self:
        return self if user.works_in_marketing else self.none()


class EnrolmentQuerySet(models.QuerySet):
    def visible_to(self, user: User | Any) -> Self:
        return self.filter(lead__owner=user) if user.is_rep else self

    def active(self) -> Self:
        return self.filter(ended_at=None)


class MessageQuerySet(models.QuerySet):
    def visible_to(self, user: User | Any) -> Self:
        return self.filter(enrolment__lead__owner=user) if user.is_rep else self
