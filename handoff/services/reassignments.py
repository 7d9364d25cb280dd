"""Moving a lead from one rep to another, answered or not.

The rep's accept clock ends and the next rep gets one of their own, as a new row. The clocks of the lead, first touch
and decision, carry on: what is left of them is counted by the next team's calendar from the move, and what was kept
already stays kept. An open deal goes along, so that nobody opens a second one.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from accounts.models import User
from handoff.clock import database_now
from handoff.errors import CannotTake, NotBeingWorked
from handoff.events import HandoffWithdrawn
from handoff.models import ClockMove, Handoff, Opportunity, SlaClock
from handoff.services import clocks, offers, routing
from handoff.services.answers import settle
from handoff.services.news import tell
from handoff.services.promises import Book
from leads.events import publish


@transaction.atomic
def reassign(*, handoff: Handoff, rep: User, actor: Any, note: str = "") -> Handoff:
    """The new handoff. Raises CannotTake, AlreadyAnswered (unanswered leads), NotBeingWorked (answered ones)."""
    if not _may(handoff, actor):
        raise PermissionDenied
    if rep.pk == handoff.rep_id:
        raise CannotTake(f"{handoff.lead.name} is with {rep} already. Choose another rep.")
    decision = routing.chosen(rep, str(actor.name))
    if handoff.accepted_at:
        _let_go(handoff)
    else:
        offers.take_back(handoff, actor)
    following = offers.hand_over(
        cycle=handoff.cycle,
        decision=decision,
        actor=actor,
        note=note or handoff.note,
        touched=handoff.first_touch_at,
    )
    _carry_on(handoff, following, actor, following.offered_at or database_now())
    _take_deal_along(handoff, following, actor)
    return following


def _may(handoff: Handoff, actor: Any) -> bool:
    """Reps pass on what is theirs, marketing what nobody has answered, whoever leads sales any lead."""
    return handoff.answerable_by(actor) or (actor.works_in_marketing and not handoff.accepted_at)


def _let_go(handoff: Handoff) -> None:
    """Accepted and passed on: the first rep's answer stands, the lead is no longer theirs."""
    offers.lock_cycle(handoff.cycle)
    settle(handoff.pk, early=True)
    won = Handoff.objects.being_worked().filter(pk=handoff.pk).update(withdrawn_at=Now())
    handoff.refresh_from_db()
    if not won:
        raise NotBeingWorked(f"{handoff.lead.name} is no longer being worked, so nothing was moved.")
    publish(HandoffWithdrawn(lead_id=handoff.lead_id, handoff_id=handoff.pk))
    tell(handoff, "passed_on")


def _carry_on(before: Handoff, after: Handoff, actor: Any, at: datetime) -> None:
    """A promise that was kept goes along as it is, so that nobody has to keep it again; its move says by whom."""
    stood = SlaClock.objects.filter(handoff=before, kind__in=SlaClock.OF_THE_LEAD, cancelled_at=None)
    book = Book([after.cycle])
    for clock in stood.select_for_update(of=("self",)).order_by("pk"):
        ClockMove.objects.create(
            clock=clock,
            at=at,
            calendar_before=clock.calendar,
            from_rep_id=before.rep_id,
            to_rep_id=after.rep_id,
            by_id=actor.pk,
        )
        clock.handoff = after
        if clock.met_at is None:
            _count_on(clock, after, book)
        clock.save(update_fields=["handoff", "calendar", "policy", *clocks.RECKONED])


def _take_deal_along(before: Handoff, after: Handoff, actor: Any) -> None:
    deals = Opportunity.objects.open().filter(handoff=before)
    deals.update(handoff=after, owner=after.rep, version=F("version") + 1, changed_by_id=actor.pk)


def _count_on(clock: SlaClock, after: Handoff, book: Book) -> None:
    calendar = book.calendar_of(after, book.policy_of(after.cycle))
    clock.calendar = calendar.as_data()
    clock.policy = clock.policy | clocks.calendar_name(calendar)
    clocks.reckon_again(clock)
