"""How old the definition is, and when somebody has to look at it again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from accounts.models import User
from scoring.days import day_of, today
from scoring.models import DefinitionReview, ModelVersion, ReviewPolicy

SHOWN = 10  # former reviews on the page


@dataclass(frozen=True)
class Standing:
    """`age` in whole days since the version came into force; `last` is its newest review, if there was one."""

    version: ModelVersion
    policy: ReviewPolicy
    last: DefinitionReview | None
    today: date
    published_on: date

    @property
    def age(self) -> int:
        return (self.today - self.published_on).days

    @property
    def due_on(self) -> date:
        return (self.last.day if self.last else self.published_on) + timedelta(days=self.policy.every_days)

    @property
    def is_due(self) -> bool:
        return self.today >= self.due_on

    @property
    def late(self) -> int:
        return (self.today - self.due_on).days

    @property
    def owner(self) -> User | None:
        """Somebody who has left answers for nothing."""
        return _present(self.policy.owner)


def standing(version: ModelVersion | None = None) -> Standing | None:
    """Of the version in force; None before the first is published."""
    version = version or ModelVersion.objects.published()
    if version is None or version.published_at is None:
        return None
    return Standing(
        version=version,
        policy=ReviewPolicy.current(),
        last=version.reviews.select_related("by").first(),
        today=today(),
        published_on=day_of(version.published_at),
    )


def may_review(user: User) -> bool:
    """Admins, and whoever answers for the definition."""
    return user.role == User.Role.ADMIN or user == _present(ReviewPolicy.current().owner)


def _present(owner: User | None) -> User | None:
    return owner if owner is not None and owner.is_active else None


def former() -> list[DefinitionReview]:
    return list(DefinitionReview.objects.select_related("by", "version")[:SHOWN])
