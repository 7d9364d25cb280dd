"""Two people: whoever wrote any part of a draft does not approve it, and every change asks anew."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from scoring.definition import fingerprint
from scoring.history import editor_ids
from scoring.models import Approval, ModelVersion, PublishingPolicy


class NotApproved(ValueError):
    """The organisation wants two people, and no second one has agreed to the draft as it stands."""


class MayNotApprove(ValueError):
    """The draft is one's own, or there is nothing to approve; the message says which."""


def demand(version: ModelVersion) -> None:
    """Raises NotApproved."""
    if PublishingPolicy.current().needs_approval and approval_of(version) is None:
        raise NotApproved(
            f"Version {version.number} has not been approved by a second person as it stands now."
        )


def approval_of(version: ModelVersion) -> Approval | None:
    """Somebody's approval of exactly this content. An edit voids it; taking the edit back brings it back."""
    found = Approval.objects.filter(version=version, fingerprint=fingerprint(version)).select_related("by")
    own = own_of(version)
    return next((approval for approval in found.order_by("pk") if approval.by_id not in own), None)


def own_of(version: ModelVersion) -> set[int | None]:
    """Whose draft this is: who made it, and everybody who changed something of it."""
    return {version.created_by_id, *editor_ids(version)} - {None}


@transaction.atomic
def approve(*, version: ModelVersion, actor: Any, seen: str) -> Approval:
    """`seen` is the fingerprint of what the approver read: a later edit is not agreed to unread.

    Raises MayNotApprove.
    """
    version = ModelVersion.objects.select_for_update().get(pk=version.pk)
    if not version.is_draft:
        raise MayNotApprove(f"Version {version.number} is no draft any more.")
    if actor.pk in own_of(version):
        raise MayNotApprove(
            "You made this draft or changed something of it. Somebody who did not has to approve it."
        )
    if seen != fingerprint(version):
        raise MayNotApprove("The draft was changed while you looked at it. Read it again, then approve.")
    return Approval.objects.get_or_create(version=version, fingerprint=seen, by=actor)[0]
