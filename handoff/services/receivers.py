"""Who has to hear of a clock: whoever made the promise, and whom they answer to."""

from __future__ import annotations

from django.db.models import QuerySet

from accounts.models import User
from handoff.models import SlaClock

Role = User.Role


def keepers(clock: SlaClock) -> QuerySet[User]:
    """The rep of the handoff; for the hand-off itself, marketing."""
    active = User.objects.filter(is_active=True)
    if clock.handoff and clock.kind != SlaClock.Kind.HAND_OFF:
        return active.filter(pk=clock.handoff.rep_id)
    return active.filter(role=Role.MARKETER)


def managers(clock: SlaClock) -> QuerySet[User]:
    """The managers of the rep's team; where it has none, all managers; where nobody manages, the admins.

    Marketing's own promise goes to the admins.
    """
    active = User.objects.filter(is_active=True)
    admins, leaders = active.filter(role=Role.ADMIN), active.filter(role=Role.MANAGER)
    if clock.handoff is None or clock.kind == SlaClock.Kind.HAND_OFF:
        return admins
    own = leaders.filter(team_id=clock.handoff.rep.team_id)
    if clock.handoff.rep.team_id and own.exists():
        return own
    return leaders if leaders.exists() else admins
