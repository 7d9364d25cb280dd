"""Looking at the definition again: somebody did and left it as it is, or has to be reminded."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.models import User
from leads.events import publish
from scoring.events import ReviewDue
from scoring.models import DefinitionReview, ModelVersion, ReviewReminder
from scoring.reviews import may_review, standing


class CannotReview(ValueError):
    """The message says why, and that nothing was noted."""


@transaction.atomic
def record_review(*, number: int, note: str, actor: User) -> DefinitionReview:
    """Version `number` was looked at and stays. Raises PermissionDenied or CannotReview.

    Whoever read another version than the one in force has not reviewed this one.
    """
    if not may_review(actor):
        raise PermissionDenied
    version = ModelVersion.objects.select_for_update().filter(state="published").first()
    here = standing(version) if version else None
    if here is None or here.version.number != number:
        raise CannotReview("Another version is in force now. Nothing was noted; read that one first.")
    review, created = DefinitionReview.objects.get_or_create(
        version=here.version, day=here.today, defaults={"by": actor, "note": note}
    )
    if not created:
        raise CannotReview(f"{review.by} noted a review of this version today already. Nothing was changed.")
    return review


@transaction.atomic
def remind_owner() -> bool:
    """Sweep: tells the owner once that the review is due. True when it was news."""
    here = standing()
    if here is None or here.owner is None or not here.is_due:
        return False
    reminder, created = ReviewReminder.objects.get_or_create(
        version=here.version, owner=here.owner, due_on=here.due_on
    )
    if created:
        publish(ReviewDue(reminder_id=reminder.pk))
    return created
