"""Offering a cycle to a rep, and taking it back. Moving it to another rep is in reassignments.py.

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
from handoff.decisions import Decision
from handoff.errors import AlreadyAnswered, HandoffError, Held, NotWaiting
from handoff.events import HandoffOffered, HandoffWithdrawn
from handoff.models import Handoff, Holding, SlaClock
from handoff.services import clocks, holding, routing
from handoff.services.machines import token_behind
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


def offer(*, cycle: QualificationCycle, actor: Any, rep: User | None = None, note: str = "") -> Handoff:
    """Hands the lead to `rep`, or to whom the rules choose; the rep's accept clock starts.

    Raises Held once the lead waits in the holding queue, because nobody could take it. Raises NotWaiting,
    CannotTake; PermissionDenied for a rep.
    """
    found = offer_or_hold(cycle=cycle, actor=actor, rep=rep, note=note)
    if isinstance(found, Holding):
        raise Held(found)
    return found


@transaction.atomic
def offer_or_hold(
    *, cycle: QualificationCycle, actor: Any, rep: User | None = None, note: str = ""
) -> Handoff | Holding:
    """As `offer`; a lead that nobody can take comes back as the row that holds it."""
    _may_hand_off(actor)
    cycle = lock_cycle(cycle)
    must_wait(cycle)
    decision = routing.chosen(rep, str(actor.name)) if rep else routing.route(cycle)
    if decision.rep is None:
        return holding.hold(cycle=cycle, decision=decision, actor=actor, note=note)
    return hand_over(cycle=cycle, decision=decision, actor=actor, note=note)


def place_held(holding_id: int) -> bool:
    """Offers a held lead if somebody can take it now. Call it in a transaction. Raises NotWaiting."""
    held = Holding.objects.select_related("cycle", "held_by").get(pk=holding_id)
    cycle = lock_cycle(held.cycle)
    if not Holding.objects.filter(pk=holding_id, released_at=None).exists():
        return False
    must_wait(cycle)
    decision = routing.route(cycle)
    if decision.rep is None:
        holding.hold(cycle=cycle, decision=decision, actor=held.held_by, note=held.note)
        return False
    hand_over(cycle=cycle, decision=decision, actor=held.held_by, note=held.note)
    return True


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
    must_have_no_deal(handoff)
    take_back(handoff, actor)
    clocks.restart_hand_off_clock(handoff, database_now())
    assign_owner(lead=handoff.lead, owner=None, actor=actor)
    return handoff


def lock_cycle(cycle: QualificationCycle) -> QualificationCycle:
    """The row as it is now, held until the transaction ends."""
    locked = QualificationCycle.objects.select_for_update(of=("self",)).select_related("lead")
    return locked.get(pk=cycle.pk)


def _may_hand_off(actor: Any) -> None:
    if not (actor.works_in_marketing or actor.leads_sales):
        raise PermissionDenied


def deal_first(handoff: Handoff) -> str:
    """What stands in the way of sending this lead away; empty when nothing does."""
    bound = Handoff.objects.with_open_deal().filter(pk=handoff.pk).exists()
    return f"{handoff.lead.name} has an open deal. Win or lose it first." if bound else ""


def must_have_no_deal(handoff: Handoff) -> None:
    """A deal came along with the lead; nobody may lose sight of it."""
    if words := deal_first(handoff):
        raise NotWaiting(f"{words} Nothing was changed.")


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
    decision: Decision,
    actor: Any,
    note: str,
    touched: datetime | None = None,
) -> Handoff:
    """`touched` comes along when the lead was worked by another rep before."""
    rep = User.objects.get(pk=decision.rep)
    handoff = Handoff.objects.create(
        cycle=cycle,
        lead=cycle.lead,
        rep=rep,
        note=note.strip(),
        routed_because=decision.because[:300],
        offered_by_id=actor.pk if actor else None,
        first_touch_at=touched,
    )
    holding.release(cycle)
    routing.write_down(decision, cycle, handoff)
    clocks.meet(clocks.of_cycle(cycle, Kind.HAND_OFF))
    clocks.start_clock(kind=Kind.ACCEPT, cycle=cycle, handoff=handoff, started_at=handoff.offered_at)
    assign_owner(lead=cycle.lead, owner=rep, actor=actor)
    publish(HandoffOffered(lead_id=cycle.lead_id, handoff_id=handoff.pk))
    tell(handoff, "offered")
    return handoff


def take_back(handoff: Handoff, actor: Any) -> None:
    lock_cycle(handoff.cycle)
    won = (
        Handoff.objects.open()
        .filter(pk=handoff.pk)
        .update(withdrawn_at=Now(), answered_by_id=actor.pk, settles_at=None)
    )
    handoff.refresh_from_db()
    if not won:
        raise AlreadyAnswered(handoff, token_behind(handoff))
    clocks.cancel(clocks.of_handoff(handoff, Kind.ACCEPT))
    publish(HandoffWithdrawn(lead_id=handoff.lead_id, handoff_id=handoff.pk))
    tell(handoff, "withdrawn")
