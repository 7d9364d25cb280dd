"""Questions we ask about leads and what they did, in the words marketers use. Chain them freely."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import F

if TYPE_CHECKING:
    from accounts.models import User


class LeadQuerySet(models.QuerySet):
    def visible_to(self, user: User | Any) -> Self:
        """The only door to leads. Reps see those they own; everybody else in the company sees all."""
        people = self.filter(merged_into=None)
        return people.filter(owner=user) if user.is_rep else people

    def with_score(self) -> Self:
        """Joins the score by its relation name: a narrow table of the floor above, and no import of it."""
        return self.select_related("score")

    def latest_active_first(self) -> Self:
        return self.order_by(F("pulse__last_active_at").desc(nulls_last=True), "-pk")

    def mailable(self) -> Self:
        """Have an address, and neither the address nor the person is suppressed or disqualified."""
        return self.exclude(email=None).filter(disqualification=None, suppressions=None)


class CompanyQuerySet(models.QuerySet):
    def visible_to(self, user: User | Any) -> Self:
        """Reps see the companies of the leads they own."""
        return self.filter(leads__owner=user).distinct() if user.is_rep else self


class ActivityQuerySet(models.QuerySet):
    def visible_to(self, user: User | Any) -> Self:
        return self.filter(lead__owner=user) if user.is_rep else self

    def newest_first(self) -> Self:
        return self.order_by("-occurred_at", "-id")


class ImportQuerySet(models.QuerySet):
    def visible_to(self, user: User | Any) -> Self:
        """Marketing imports; sales does not see the files."""
        return self if user.works_in_marketing else self.none()
