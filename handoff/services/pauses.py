"""Stopping the clocks of a lead for a reason, and letting them run on.

First touch and decision depend on the lead, so they can wait for it; an answer to an offer does not, and never waits.
A promise that is overdue stays overdue: pausing it is refused.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q

from handoff.clock import database_now
from handoff.errors import CannotPause, CannotResume
from handoff.models import ClockPause, Handoff, SlaClock
from handoff.services import clocks
from handoff.services.news import tell
from handoff.services.offers import lock_cycle

LONGEST = timedelta(days=366)


@transaction.atomic
def pause(
    *, handoff: Handoff, actor: Any, reason: str, note: str = "", until: datetime | None = None
) -> list[SlaClock]:
    """Pauses what runs of first touch and decision, until then or until somebody resumes. Raises CannotPause."""
    now, running = _locked(handoff, actor)
    if until is not None and until <= now:
        raise CannotPause("The pause would be over already. Choose a later time, or leave it open.")
    if until is not None and until > now + LONGEST:
        raise CannotPause("A pause lasts a year at most. Choose an earlier time, or leave it open.")
    if any(clock.is_paused(now) for clock in running):
        raise CannotPause(f"The clocks of {handoff.lead.name} are paused already. Resume them first.")
    waiting = [clock for clock in running if clock.due_at is None or clock.due_at > now]
    if not waiting:
        raise CannotPause("No promise runs that could be paused. One that is overdue stays overdue.")
    for clock in waiting:
        _pause(clock, now, until, actor, reason, note)
    tell(handoff, "paused")
    return waiting


def _pause(
    clock: SlaClock, now: datetime, until: datetime | None, actor: Any, reason: str, note: str
) -> None:
    ClockPause.objects.create(
        clock=clock, started_at=now, ended_at=until, reason=reason, note=note.strip(), by_id=actor.pk
    )
    clock.paused_at, clock.resumes_at = now, until
    _save(clock)


@transaction.atomic
def resume(*, handoff: Handoff, actor: Any) -> list[SlaClock]:
    """Ends the pause now; what was left of each promise runs on. Raises CannotResume."""
    now, running = _locked(handoff, actor)
    paused = [clock for clock in running if clock.is_paused(now)]
    if not paused:
        raise CannotResume(f"The clocks of {handoff.lead.name} run already.")
    for clock in paused:
        pauses = ClockPause.objects.filter(Q(ended_at=None) | Q(ended_at__gt=now), clock=clock)
        pauses.update(ended_at=now, resumed_by_id=actor.pk)
        clock.paused_at = clock.resumes_at = None
        _save(clock)
    tell(handoff, "resumed")
    return paused


def _locked(handoff: Handoff, actor: Any) -> tuple[datetime, list[SlaClock]]:
    """Now, and the running clocks of the lead, nobody else's until the transaction ends."""
    if not handoff.answerable_by(actor):
        raise PermissionDenied
    lock_cycle(handoff.cycle)
    running = SlaClock.objects.running().filter(handoff=handoff, kind__in=SlaClock.OF_THE_LEAD)
    running = running.filter(cycle__closed_at=None)
    return database_now(), list(running.select_for_update(of=("self",)).order_by("pk"))


def _save(clock: SlaClock) -> None:
    clocks.reckon_again(clock)
    clock.save(update_fields=["paused_at", "resumes_at", *clocks.RECKONED])
