"""Questions about handoffs and clocks."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models.functions import Now

from leads.querysets import leads_of

if TYPE_CHECKING:
    from accounts.models import User

JUST = timedelta(seconds=30)  # twice the pause between two sweeps


class HandoffQuerySet(models.QuerySet):
    def visible_to(self, user: User | Any) -> Self:
        """Reps see their own; marketing and sales managers see all."""
        return self.filter(rep=user) if user.is_rep else self

    def open(self) -> Self:
        """Offered and not answered yet."""
        return self.filter(accepted_at=None, rejected_at=None, withdrawn_at=None)

    def live(self) -> Self:
        """Offered or accepted: neither rejected nor taken back."""
        return self.filter(rejected_at=None, withdrawn_at=None)

    def unsettled(self) -> Self:
        """Answered, and the answer can still be undone or has not taken effect yet."""
        return self.filter(settles_at__isnull=False)

    def due_to_settle(self) -> Self:
        return self.filter(settles_at__lte=Now())

    def being_worked(self) -> Self:
        """Accepted, not passed on since, and its cycle still open."""
        return self.filter(accepted_at__isnull=False, withdrawn_at=None, cycle__closed_at=None)

    def with_open_deal(self) -> Self:
        return self.filter(opportunity__isnull=False, opportunity__closed_at=None)

    def just_back(self) -> Self:
        """Whose snooze ended in the last half minute."""
        return self.filter(snoozed_until__lte=Now(), snoozed_until__gt=Now() - JUST)

    def with_people(self) -> Self:
        """All that a row of the inbox shows. The score is joined by its relation name."""
        return self.select_related("lead__company", "lead__score", "rep", "cycle", "offered_by")


class EvidenceQuerySet(models.QuerySet):
    def visible_to(self, user: User | Any) -> Self:
        """Whoever sees the lead sees what was said."""
        return self.filter(lead__in=leads_of(user)) if user.is_rep else self

    def of_lead(self, lead_id: int) -> Self:
        """Newest first, with what was said to those who were merged into this lead, or into one of them."""
        said = models.Q(lead=lead_id) | models.Q(lead__merged_into=lead_id)
        return self.filter(said | models.Q(lead__merged_into__merged_into=lead_id)).order_by("-pk")


class RepairQuerySet(models.QuerySet):
    def visible_to(self, user: User | Any) -> Self:
        """Marketing's work; sales managers look on, a rep sees what became of their own rejections."""
        return self.filter(handoff__rep=user) if user.is_rep else self

    def open(self) -> Self:
        return self.filter(done_at=None)


class PolicyQuerySet(models.QuerySet):
    def conditional(self) -> Self:
        """In the order in which they are tried; the default comes after all. One without conditions is for nobody."""
        tried = self.filter(active=True, is_default=False).exclude(conditions=[])
        return tried.order_by("position", "pk")


class ClockQuerySet(models.QuerySet):
    def visible_to(self, user: User | Any) -> Self:
        """Reps see the clocks of their own handoffs."""
        return self.filter(handoff__rep=user) if user.is_rep else self

    def running(self) -> Self:
        return self.filter(met_at=None, cancelled_at=None)

    def overdue(self, now: Any) -> Self:
        """Running past their time and not yet recorded as breached."""
        return self.running().filter(breached_at=None, due_at__lte=now)

    def waiting_for_hand_off(self) -> Self:
        """Marketing's own clocks: the cycle is open, and nobody's answer to it is still settling."""
        waiting = self.running().filter(kind="hand_off", cycle__closed_at=None)
        return waiting.exclude(cycle__handoffs__settles_at__isnull=False)

    def due_first(self) -> Self:
        return self.order_by(models.F("due_at").asc(nulls_last=True), "-cycle__total", "pk")
