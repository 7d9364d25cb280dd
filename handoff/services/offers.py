"""Offering a cycle to a rep, taking it back, moving it to another rep.

Every verb here and in answers.py locks the cycle first, so all that happens to one cycle happens in a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models.functions import Now

from accounts.models import User
from handoff.clock import database_now
from handoff.errors import AlreadyAnswered, HandoffError, NotWaiting
from handoff.events import HandoffOffered
from handoff.models import Handoff, SlaClock
from handoff.services import clocks, routing
from handoff.services.news import tell
from leads.events import publish
from leads.services.people import assign_owner
from scoring.models import QualificationCycle

Kind = SlaClock.Kind


class Refused(NamedTuple):
    cycle: QualificationCycle
    why: str


class Offered(NamedTuple):
    handoffs: list[Handoff]
    refused: list[Refused]


@transaction.atomic
def offer(*, cycle: QualificationCycle, actor: Any, rep: User | None = None, note: str = "") -> Handoff:
    """Hands the lead to `rep`, or to whose turn it is; the rep's accept clock starts.

    Raises NotWaiting, CannotTake, NobodyToRoute; PermissionDenied for a rep.
    """
    _may_hand_off(actor)
    cycle = lock_cycle(cycle)
    must_wait(cycle)
    route = routing.chosen(rep, str(actor.name)) if rep else routing.next_in_rotation(cycle.lead)
    return hand_over(cycle=cycle, route=route, actor=actor, note=note)


def offer_many(
    *, cycles: Sequence[QualificationCycle], actor: Any, rep: User | None = None, note: str = ""
) -> Offered:
    """One transaction a lead: whoever was faster on one does not undo the others."""
    done = Offered([], [])
    for cycle in cycles:
        try:
            done.handoffs.append(offer(cycle=cycle, actor=actor, rep=rep, note=note))
        except HandoffError as error:
            done.refused.append(Refused(cycle, str(error)))
    return done


@transaction.atomic
def withdraw(*, handoff: Handoff, actor: Any) -> Handoff:
    """Takes an unanswered offer back to the queue, with a new promise for marketing. Raises AlreadyAnswered."""
    _may_hand_off(actor)
    _take_back(handoff, actor)
    clocks.restart_hand_off_clock(handoff, database_now())
    assign_owner(lead=handoff.lead, owner=None, actor=actor)
    return handoff


@transaction.atomic
def transfer(*, handoff: Handoff, rep: User, actor: Any, note: str = "") -> Handoff:
    """Moves an unanswered offer to another rep, whose accept clock starts anew.

    Raises AlreadyAnswered, CannotTake.
    """
    _may_hand_off(actor)
    route = routing.chosen(rep, str(actor.name))
    _take_back(handoff, actor)
    return hand_over(cycle=handoff.cycle, route=route, actor=actor, note=note or handoff.note)


def lock_cycle(cycle: QualificationCycle) -> QualificationCycle:
    """The row as it is now, held until the transaction ends."""
    locked = QualificationCycle.objects.select_for_update(of=("self",)).select_related("lead")
    return locked.get(pk=cycle.pk)


def _may_hand_off(actor: Any) -> None:
    if not (actor.works_in_marketing or actor.leads_sales):
        raise PermissionDenied


def must_wait(cycle: QualificationCycle) -> None:
    if cycle.closed_at is not None:
        raise NotWaiting(f"{cycle.lead.name} is no longer an MQL: {cycle.get_outcome_display().lower()}.")
    live = Handoff.objects.live().filter(cycle=cycle).select_related("rep").first()
    if live is not None:
        raise NotWaiting(f"{cycle.lead.name} was handed to {live.rep} already.")
    if Handoff.objects.unsettled().filter(cycle=cycle).exists():
        raise NotWaiting(f"{cycle.lead.name} was rejected a moment ago. Try again in a few seconds.")


def hand_over(
    *,
    cycle: QualificationCycle,
    route: routing.Route,
    actor: Any,
    note: str,
    touched: datetime | None = None,
) -> Handoff:
    """`touched` comes along when the lead was worked by another rep before."""
    handoff = Handoff.objects.create(
        cycle=cycle,
        lead=cycle.lead,
        rep=route.rep,
        note=note.strip(),
        routed_because=route.because,
        offered_by_id=actor.pk,
        first_touch_at=touched,
    )
    clocks.meet(clocks.of_cycle(cycle, Kind.HAND_OFF))
    clocks.start_clock(kind=Kind.ACCEPT, cycle=cycle, handoff=handoff, started_at=handoff.offered_at)
    assign_owner(lead=cycle.lead, owner=route.rep, actor=actor)
    publish(HandoffOffered(lead_id=cycle.lead_id, handoff_id=handoff.pk))
    tell(handoff, "offered")
    return handoff


def _take_back(handoff: Handoff, actor: Any) -> None:
    lock_cycle(handoff.cycle)
    won = (
        Handoff.objects.open()
        .filter(pk=handoff.pk)
        .update(withdrawn_at=Now(), answered_by_id=actor.pk, settles_at=None)
    )
    handoff.refresh_from_db()
    if not won:
        raise AlreadyAnswered(handoff)
    clocks.cancel(clocks.of_handoff(handoff, Kind.ACCEPT))
    tell(handoff, "withdrawn")
