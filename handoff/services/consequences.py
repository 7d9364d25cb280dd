"""What follows a rejection once it can no longer be undone: one consequence a reason, and what belongs to it.

Everything here happens in the transaction that settles the answer, which one caller wins. What other floors do
about it stands in rows (a re-entry, a suppression, an activity), so a lost bell loses nothing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from handoff.clock import database_now
from handoff.events import HandoffRejected
from handoff.models import Handoff, RejectReason, Repair, SlaClock
from handoff.services import clocks
from handoff.services.lessons import remember_score
from leads.events import publish
from leads.models import Lead, Suppression
from leads.services.activities import record_activity
from leads.services.consent import suppress
from leads.services.people import assign_owner, disqualify, move_stage
from leads.services.re_entries import ask_re_entry
from scoring.models import QualificationCycle
from scoring.services.cycles import NO_TIME, close_cycle

Outcome = QualificationCycle.Outcome
Consequence = RejectReason.Consequence


def follow(handoff: Handoff, reason: RejectReason) -> None:
    assign_owner(lead=handoff.lead, owner=None, actor=handoff.answered_by)
    if handoff.cycle.closed_at is not None:
        return
    remember_score(handoff)
    _lower_score(handoff, reason)
    if reason.consequence == Consequence.RETURN:
        _send_back(handoff, reason)
    elif reason.consequence == Consequence.DISQUALIFY:
        end_disqualified(
            handoff.cycle, actor=handoff.answered_by, reason=words_of(reason, handoff.answer_note)
        )
    else:
        _recycle(handoff, reason)


def _send_back(handoff: Handoff, reason: RejectReason) -> None:
    Repair.objects.get_or_create(handoff=handoff, defaults={"fields": reason.fix_fields})
    clocks.restart_hand_off_clock(handoff, database_now())


def _recycle(handoff: Handoff, reason: RejectReason) -> None:
    words = words_of(reason, handoff.answer_note)
    _back_to_nurture(handoff, reason, handoff.answered_by, words, Outcome.REJECTED)
    if reason.consequence == Consequence.SUPPRESS:
        _suppress(handoff, words)
    publish(HandoffRejected(lead_id=handoff.lead_id, handoff_id=handoff.pk))


def recycle_accepted(handoff: Handoff, reason: RejectReason, *, actor: Any, note: str) -> None:
    """What the same reason does to an offer, but the cycle ends as recycled: sales had wanted this lead."""
    _lower_score(handoff, reason)
    _back_to_nurture(handoff, reason, actor, words_of(reason, note), Outcome.RECYCLED)


def _back_to_nurture(handoff: Handoff, reason: RejectReason, by: Any, words: str, outcome: str) -> None:
    cool_down = timedelta(days=reason.cool_down_days)
    end_recycled(handoff.cycle, outcome=outcome, actor=by, reason=words, cool_down=cool_down)
    if reason.campaign and reason.consequence == Consequence.RECYCLE:
        ask_re_entry(
            lead=handoff.lead,
            campaign=reason.campaign,
            after=timedelta(days=reason.after_days),
            reason=words,
            key=f"handoff:{handoff.pk}",
        )


def _suppress(handoff: Handoff, words: str) -> None:
    if handoff.lead.email:
        suppress(
            address=handoff.lead.email,
            reason=Suppression.Reason.MANUAL,
            lead=handoff.lead,
            detail=f"Rejected by sales: {words}",
        )


def _lower_score(handoff: Handoff, reason: RejectReason) -> None:
    """As an activity, so that the score stays a function of what happened. Its measure are points."""
    if reason.lower_by and reason.consequence != Consequence.DISQUALIFY:
        props = {"reason": reason.label, "note": f"{reason.lower_by} points: {reason.label}"}
        key = f"handoff:{handoff.pk}:lowered"
        record_activity(
            lead=handoff.lead, kind="score_lowered", seconds=reason.lower_by, props=props, message_id=key
        )


def words_of(reason: RejectReason, note: str) -> str:
    return ": ".join(part for part in (str(reason), note) if part)[:300]


def end_recycled(
    cycle: QualificationCycle, *, outcome: str, actor: Any, reason: str, cool_down: timedelta = NO_TIME
) -> None:
    """Back to nurture: the cycle ends and its clocks stop; newer evidence may open the next."""
    close_cycle(cycle=cycle, outcome=outcome, reason=reason, actor=who(actor), cool_down=cool_down)
    clocks.end(SlaClock.objects.filter(cycle=cycle))
    move_stage(lead=cycle.lead, stage=Lead.Stage.RECYCLED, reason=reason, actor=who(actor))


def end_disqualified(cycle: QualificationCycle, *, actor: Any, reason: str) -> None:
    close_cycle(cycle=cycle, outcome=Outcome.DISQUALIFIED, reason=reason, actor=who(actor))
    clocks.end(SlaClock.objects.filter(cycle=cycle))
    disqualify(lead=cycle.lead, actor=who(actor), reason=reason[:200])


def who(actor: Any) -> Any:
    """An API token that nobody owns has no row to point to."""
    return actor if actor is not None and actor.pk else None
