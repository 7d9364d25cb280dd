"""Who hears at once what happened to a handoff: its rep, everybody who leads sales, and marketing for its queue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from accounts.models import User
from handoff.live import announce
from handoff.models import Handoff

ONE_BY_ONE = 50  # beyond that, pages are told to look for themselves
OF_THE_QUEUE = frozenset({"offered", "withdrawn", "rejected", "undone", "recycled", "closed"})
LEADERS = ("manager", "admin")


def tell(handoff: Handoff, kind: str) -> None:
    """Kinds are words of the past: offered, accepted, rejected, undone, withdrawn, touched, snoozed, paused, closed…"""
    tell_all([handoff], kind)


def tell_all(handoffs: Sequence[Handoff], kind: str) -> None:
    if not handoffs:
        return
    watching = _everybody(*LEADERS, *(["marketer"] if kind in OF_THE_QUEUE else []))
    if len(handoffs) > ONE_BY_ONE:
        announce(users={*watching, *(handoff.rep_id for handoff in handoffs)}, kind="look")
        return
    for handoff in handoffs:
        announce(users={handoff.rep_id, *watching}, kind=kind, handoff=handoff.pk, lead=handoff.lead_id)


def tell_by_id(handoffs: Iterable[int], kind: str) -> None:
    ids = set(handoffs)
    tell_all(list(Handoff.objects.filter(pk__in=ids).only("rep_id", "lead_id")) if ids else [], kind)


def tell_queue(kind: str, **ids: int) -> None:
    """The MQL queue changed: a lead qualified, is held, or its cycle ended."""
    announce(users=_everybody("marketer", *LEADERS), kind=kind, **ids)


def tell_team(kind: str, rep_id: int) -> None:
    """What a rep can take has changed."""
    announce(users=_everybody(*LEADERS), kind=kind, rep=rep_id)


def _everybody(*roles: str) -> list[int]:
    return list(User.objects.filter(role__in=roles, is_active=True).values_list("pk", flat=True))
