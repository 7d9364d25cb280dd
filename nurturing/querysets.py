"""Questions about campaigns, enrolments and messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Func, Value
from django.db.models.functions import Lower, Now

from leads.querysets import leads_of

if TYPE_CHECKING:
    from accounts.models import User

UNDER_WAY = ("queued", "claimed", "dot")
IN_DOUBT = ("unknown", "parked")


class MarketingQuerySet(models.QuerySet):
    """Segments and campaigns belong to marketing."""

    def visible_to(self, user: User | Any) -> Self:
        return self if user.works_in_marketing else self.none()


class EnrolmentQuerySet(models.QuerySet):
    def visible_to(self, user: User | Any) -> Self:
        return self.filter(lead__in=leads_of(user)) if user.is_rep else self

    def active(self) -> Self:
        return self.filter(ended_at=None)

    def due(self) -> Self:
        return self.filter(ended_at=None, due_at__lte=Now())

    def plan(self, due_at: Any, **changes: Any) -> int:
        """Due at another instant, or at none. Whoever has claimed them has lost that claim."""
        return self.update(due_at=due_at, lease_until=None, trouble="", **changes)


class MessageQuerySet(models.QuerySet):
    def visible_to(self, user: User | Any) -> Self:
        return self.filter(enrolment__lead__in=leads_of(user)) if user.is_rep else self

    def due(self) -> Self:
        """Waiting, and their time has come. A person's decision or back-off moves `due_at`."""
        return self.filter(state="queued", due_at__lte=Now())

    def not_to(self, domains: list[str]) -> Self:
        """Without those of the domains; these are lower case."""
        if not domains:
            return self
        domain = Func(
            "to_address", Value("@"), Value(-1), function="split_part", output_field=models.TextField()
        )
        return self.alias(domain=Lower(domain)).exclude(domain__in=domains)

    def unsettled(self) -> Self:
        """Their run waits for them: under way, or a person has to decide."""
        return self.filter(state__in=(*UNDER_WAY, *IN_DOUBT))

    def in_doubt(self) -> Self:
        return self.filter(state__in=IN_DOUBT)

    def untold(self) -> Self:
        """Settled, and the lead's timeline does not know yet."""
        return self.filter(told_at=None, state__in=("accepted", "rejected"))
