"""Questions about scores, versions and qualification cycles."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from django.apps import apps
from django.db import models
from django.db.models.functions import Now

from leads.querysets import leads_of

if TYPE_CHECKING:
    from accounts.models import User


def _how(name: str) -> Any:
    """Of the publication by which a version came into force; None for one from before there were any."""
    done = apps.get_model("scoring", "Publication").objects.filter(
        version=models.OuterRef("pk"), state="done"
    )
    return models.Subquery(done.values(name)[:1])


class ModelVersionQuerySet(models.QuerySet):
    def published(self) -> Any:
        """The one version in force, or None before the first is published."""
        return self.filter(state="published").first()

    def since_rescore(self) -> list[Any]:
        """In the order they came into force: the last for which everybody was scored, and any for new events since."""
        found: list[Any] = []
        past: Any = self.exclude(state="draft").annotate(mode=_how("mode"), rescored_at=_how("rescored_at"))
        for version in past.order_by("-published_at", "-number"):
            found.insert(0, version)
            if version.mode != "new_events":
                break
        return found

    def teller(self) -> Callable[[Any], Any]:
        """From the version that a score names to the one it is true under by now: its own while that one is for new
        events only or everybody is still being scored anew, else the last for which everybody was.
        """
        order = self.since_rescore()
        if not order or (order[0].mode and order[0].rescored_at is None):
            return lambda named: named
        known = {version.pk for version in order}
        return lambda named: named if named is None or named.pk in known else order[0]

    def in_force_at(self, moment: Any) -> Any:
        """The version that was in force then, or None before the first."""
        then = self.exclude(state="draft").filter(published_at__lte=moment)
        return then.order_by("-published_at", "-number").first()


class ScoreQuerySet(models.QuerySet):
    def visible_to(self, user: User | Any) -> Self:
        return self.filter(lead__in=leads_of(user)) if user.is_rep else self


class CycleQuerySet(models.QuerySet):
    def visible_to(self, user: User | Any) -> Self:
        return self.filter(lead__in=leads_of(user)) if user.is_rep else self

    def open(self) -> Self:
        return self.filter(closed_at=None)

    def cooling(self) -> Self:
        """Closed, and the lead may not qualify by points again yet."""
        return self.filter(cool_until__gt=Now())

    def cooled(self) -> Self:
        """Their cool-down is over and nobody has looked at the lead since."""
        return self.filter(cool_until__lte=Now(), cooled_at=None)


class PublicationQuerySet(models.QuerySet):
    def waiting(self) -> Self:
        return self.filter(state="waiting")

    def due(self) -> Self:
        return self.waiting().filter(due_at__lte=Now()).order_by("due_at", "pk")

    def of(self, version: Any) -> Any:
        """How this version came into force; None for one from before there were modes."""
        return self.filter(version=version, state="done").first()

    def rescoring(self) -> Self:
        """In force, and not everybody is known to be scored under it."""
        return self.filter(state="done", rescored_at=None, version__state="published").exclude(
            mode="new_events"
        )


class HeldLeadQuerySet(models.QuerySet):
    def visible_to(self, user: User | Any) -> Self:
        return self.filter(lead__in=leads_of(user)) if user.is_rep else self

    def waiting(self) -> Self:
        return self.filter(state="waiting")

    def in_force(self) -> Self:
        """Waiting or kept quiet."""
        return self.filter(state__in=("waiting", "quiet"))

    def by_turn(self) -> Self:
        """The oldest publication first, of one the highest score."""
        return self.order_by("publication", "-total", "id")


class BacktestQuerySet(models.QuerySet):
    def visible_to(self, user: User | Any) -> Self:
        """Marketing, managers and admins prove a definition; reps read the one in force."""
        return self.none() if user.is_rep else self

    def proofs_of(self, version: Any) -> Self:
        """Finished runs of this version, newest first."""
        return (
            self.filter(version=version, state="done")
            .select_related("created_by")
            .defer("result")
            .order_by("-pk")
        )

    def waiting(self) -> Self:
        """Nobody works on them: the bell was lost, or the worker died."""
        free = models.Q(claimed_until=None) | models.Q(claimed_until__lt=Now())
        return self.filter(free, state__in=("queued", "running"))


class WatchQuerySet(models.QuerySet):
    def enabled(self) -> Self:
        return self.filter(enabled=True).order_by("pk")

    def with_alerts_since(self, days: int) -> Self:
        """`fired`: how often each raised an alert in the last days; `last_fired`."""
        since = Now() - timedelta(days=days)
        return self.annotate(
            fired=models.Count("alerts", filter=models.Q(alerts__at__gt=since)),
            last_fired=models.Max("alerts__at"),
        )


class AlertQuerySet(models.QuerySet):
    def visible_to(self, user: User | Any) -> Self:
        """Of leads this person sees; a lead that was merged away has no page any more."""
        of_people = self.filter(lead__merged_into=None)
        return of_people.filter(lead__owner=user) if user.is_rep else of_people

    def untold(self) -> Self:
        return self.filter(told_at=None)
