"""Questions about feedback: who sees it, what is due, what was given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

if TYPE_CHECKING:
    from accounts.models import User


class FeedbackQuerySet(models.QuerySet):
    def visible_to(self, user: User | Any) -> Self:
        """Reps see what they are asked and said themselves; marketing and sales managers see all."""
        return self.filter(handoff__rep=user) if user.is_rep else self

    def due(self) -> Self:
        """Asked and not answered. Nobody is asked about a lead that was passed on, or a deal that is open again."""
        closed = Q(occasion="accept") | Q(handoff__cycle__closed_at__isnull=False)
        waiting = self.filter(answered_at=None, due_at__lte=Now())
        return waiting.filter(closed, handoff__withdrawn_at=None)

    def given(self) -> Self:
        return self.filter(answered_at__isnull=False)

    def shown(self) -> Self:
        """What stands beside a lead: what is asked now and what was said, the newest first, with all of its words."""
        rows = (self.due() | self.given()).order_by(F("answered_at").desc(nulls_first=True), "-due_at")
        rows = rows.select_related("handoff__lead", "handoff__rep", "form", "answered_by")
        return rows.prefetch_related("form__questions", "answers__question")
