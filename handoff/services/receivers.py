"""Who has to hear of a promise: whoever made it, whom they answer to, and who can hand the lead off anew."""

from __future__ import annotations

from django.db.models import QuerySet

from accounts.models import User
from handoff.models import Handoff, SlaClock

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
    if clock.handoff is None or clock.kind == SlaClock.Kind.HAND_OFF:
        return User.objects.filter(is_active=True, role=Role.ADMIN)
    return managers_of(clock.handoff.rep)


def managers_of(rep: User) -> QuerySet[User]:
    active = User.objects.filter(is_active=True)
    leaders = active.filter(role=Role.MANAGER)
    own = leaders.filter(team_id=rep.team_id)
    if rep.team_id and own.exists():
        return own
    return leaders if leaders.exists() else active.filter(role=Role.ADMIN)


def senders(handoff: Handoff) -> QuerySet[User]:
    """Who can hand the lead off anew: whoever did, else marketing. A rep who passed it on cannot."""
    able = User.objects.filter(is_active=True).exclude(role=Role.REP)
    sender = able.filter(pk=handoff.offered_by_id)
    return sender if sender.exists() else able.filter(role=Role.MARKETER)
