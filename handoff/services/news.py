"""Who hears at once what happened to a handoff: its rep, and everybody who leads sales."""

from __future__ import annotations

from collections.abc import Sequence

from accounts.models import User
from handoff.live import announce
from handoff.models import Handoff

ONE_BY_ONE = 50  # beyond that, pages are told to look for themselves


def tell(handoff: Handoff, kind: str) -> None:
    """Kinds are words of the past: offered, accepted, rejected, undone, withdrawn, touched, snoozed, breached."""
    tell_all([handoff], kind)


def tell_all(handoffs: Sequence[Handoff], kind: str) -> None:
    if not handoffs:
        return
    leaders = list(
        User.objects.filter(role__in=["manager", "admin"], is_active=True).values_list("pk", flat=True)
    )
    if len(handoffs) > ONE_BY_ONE:
        announce(users={*leaders, *(handoff.rep_id for handoff in handoffs)}, kind="look")
        return
    for handoff in handoffs:
        announce(users={handoff.rep_id, *leaders}, kind=kind, handoff=handoff.pk, lead=handoff.lead_id)
