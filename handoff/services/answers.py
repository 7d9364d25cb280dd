"""The rep's answer: accept, reject, undo, and what follows once it can no longer be undone.

An answer is saved at once and takes effect UNDO later: until then cycles stay open, stages of rejected leads
stay, and no other floor hears of it. `settles_at` is that instant; the sweep claims the row and acts.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from handoff.clock import database_now
from handoff.errors import AlreadyAnswered, NoteRequired, NotWaiting, TooLateToUndo
from handoff.events import HandoffAccepted, HandoffAnswered
from handoff.models import Handoff, RejectReason, SlaClock
from handoff.services import clocks, consequences
from handoff.services.consequences import who
from handoff.services.machines import token_behind
from handoff.services.news import tell
from handoff.services.offers import lock_cycle, must_have_no_deal
from handoff.services.qualification import become_sql
from leads.events import publish
from leads.models import Lead
from leads.services.people import move_stage

UNDO = timedelta(seconds=8)
Kind = SlaClock.Kind


@transaction.atomic
def accept(*, handoff: Handoff, actor: Any) -> Handoff:
    """The rep takes the lead: an SQL if all that is asked for is known. Clocks for first touch and decision start.

    Raises AlreadyAnswered.
    """
    _may_answer(handoff, actor)
    _answer(handoff, actor, accepted_at=Now())
    since = handoff.accepted_at or database_now()
    clocks.start_on_acceptance(handoff, since)
    become_sql(handoff, reason=f"Accepted by {actor.name}.", actor=who(actor))
    tell(handoff, "accepted")
    return handoff


@transaction.atomic
def reject(*, handoff: Handoff, actor: Any, reason: RejectReason, note: str = "") -> Handoff:
    """The rep says no; the reason's consequence follows when the time to undo has passed.

    Raises AlreadyAnswered, NoteRequired.
    """
    _may_answer(handoff, actor)
    must_have_no_deal(handoff)
    note = note.strip()
    if missing := reason.missing(note):
        raise NoteRequired(missing)
    _answer(handoff, actor, rejected_at=Now(), reject_reason=reason, answer_note=note)
    tell(handoff, "rejected")
    return handoff


@transaction.atomic
def undo(*, handoff: Handoff, actor: Any) -> Handoff:
    """Takes the answer back as if it had not been given. Raises TooLateToUndo."""
    lock_cycle(handoff.cycle)
    handoff.refresh_from_db(fields=["accepted_at"])
    mine = Handoff.objects.filter(pk=handoff.pk, answered_by_id=actor.pk, settles_at__gt=Now())
    since = handoff.accepted_at
    won = mine.update(
        accepted_at=None,
        rejected_at=None,
        answered_by=None,
        reject_reason=None,
        answer_note="",
        settles_at=None,
        snoozed_until=_snoozed_before(handoff),
    )
    handoff.refresh_from_db()
    if not won:
        raise TooLateToUndo("It is too late to undo this answer. Ask marketing or your manager.")
    clocks.reopen(clocks.of_handoff(handoff, Kind.ACCEPT))
    clocks.forget_acceptance(handoff, since)
    if since and not Handoff.objects.with_open_deal().filter(pk=handoff.pk).exists():
        move_stage(lead=handoff.lead, stage=Lead.Stage.MQL, reason="Acceptance was undone.", actor=who(actor))
    tell(handoff, "undone")
    return handoff


@transaction.atomic
def settle(handoff_id: int, *, early: bool = False) -> bool:
    """Makes one answer final, once, whoever comes first. `early` gives up what is left of the undo time."""
    handoff = Handoff.objects.select_related("cycle", "lead", "reject_reason", "answered_by").get(
        pk=handoff_id
    )
    lock_cycle(handoff.cycle)
    due = Q() if early else Q(settles_at__lte=Now())
    if not Handoff.objects.unsettled().filter(due, pk=handoff_id).update(settles_at=None):
        return False
    handoff.refresh_from_db(
        fields=["accepted_at", "rejected_at", "reject_reason", "answer_note", "answered_by"]
    )
    publish(HandoffAnswered(lead_id=handoff.lead_id, handoff_id=handoff.pk))
    if handoff.accepted_at:
        publish(HandoffAccepted(lead_id=handoff.lead_id, handoff_id=handoff.pk))
    elif handoff.reject_reason:
        consequences.follow(handoff, handoff.reject_reason)
    return True


def _snoozed_before(handoff: Handoff) -> Any:
    """The answer woke the lead; the history knows until when it had been set aside."""
    history = apps.get_model("handoff", "HandoffEvent").objects.filter(pgh_obj_id=handoff.pk)
    before = history.filter(accepted_at=None, rejected_at=None, withdrawn_at=None).order_by("-pgh_id")
    return before.values_list("snoozed_until", flat=True).first()


def _may_answer(handoff: Handoff, actor: Any) -> None:
    if not handoff.answerable_by(actor):
        raise PermissionDenied


def _answer(handoff: Handoff, actor: Any, **answer: Any) -> None:
    """One conditional update decides among two tabs; the lock keeps a new offer from slipping in between."""
    cycle = lock_cycle(handoff.cycle)
    if cycle.closed_at is not None:
        raise NotWaiting(f"{cycle.lead.name} is no longer an MQL: {cycle.get_outcome_display().lower()}.")
    offered = Handoff.objects.open().filter(pk=handoff.pk, rep_id=handoff.rep_id)
    won = offered.update(answered_by_id=actor.pk, settles_at=Now() + UNDO, snoozed_until=None, **answer)
    handoff.refresh_from_db()
    if not won:
        raise AlreadyAnswered(handoff, token_behind(handoff))
    clocks.meet(clocks.of_handoff(handoff, Kind.ACCEPT))
