"""Deals: opened from an accepted handoff, moved, won, lost, opened again.

The cycle's row is the lock, as for handoffs. Every change is one conditional update on `version`, so of two
tabs one wins and the other is told; the same click twice is one change and no complaint. The lead's stage
follows: opportunity, customer, recycled.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from accounts.models import User
from handoff.currencies import USUAL
from handoff.errors import CannotMoveDeal, DealChanged, DealExists, NotBeingWorked, NoteRequired
from handoff.events import OpportunityLost, OpportunityOpened, OpportunityReopened, OpportunityWon
from handoff.models import CloseReason, Handoff, Opportunity, PipelineStage, SlaClock, StageStep
from handoff.services import clocks, revenue
from handoff.services.answers import accept, settle
from handoff.services.offers import lock_cycle
from handoff.services.reassignments import reassign
from leads.events import publish
from leads.models import Disqualification, Lead
from leads.services.people import assign_owner, move_stage
from scoring.models import QualificationCycle
from scoring.services.cycles import CycleSuperseded, close_cycle, reopen_cycle

Kind = PipelineStage.Kind
Outcome = Opportunity.Outcome


@dataclass(frozen=True)
class Terms:
    """What a deal is about; everything but the name may be unknown."""

    name: str
    amount: Decimal | None = None
    currency: str = USUAL
    expected_close: date | None = None

    def values(self) -> dict[str, Any]:
        return {
            "name": self.name.strip(),
            "amount": self.amount,
            "currency": self.currency,
            "expected_close": self.expected_close,
        }


@transaction.atomic
def open_opportunity(
    *, handoff: Handoff, actor: Any, terms: Terms, form_key: uuid.UUID | None = None
) -> Opportunity:
    """The accepted lead becomes a deal. The same form sent twice gives the same deal.

    Whoever opens one cannot undo the acceptance any more. Raises NotBeingWorked, DealExists.
    """
    if not handoff.answerable_by(actor):
        raise PermissionDenied
    lock_cycle(handoff.cycle)
    deals = Opportunity.objects.filter(handoff__cycle=handoff.cycle_id)
    existing = deals.select_related("opened_by").first()
    if existing is not None:
        return _same_form(existing, form_key)
    settle(handoff.pk, early=True)
    if not Handoff.objects.being_worked().filter(pk=handoff.pk).exists():
        raise NotBeingWorked("A deal can be opened once the lead is accepted, until its cycle ends.")
    return _create(handoff, actor, terms, form_key or uuid.uuid4())


def _same_form(existing: Opportunity, form_key: uuid.UUID | None) -> Opportunity:
    if form_key is not None and existing.form_key == form_key:
        return existing
    raise DealExists(existing)


def _create(handoff: Handoff, actor: Any, terms: Terms, form_key: uuid.UUID) -> Opportunity:
    opportunity = Opportunity.objects.create(
        handoff=handoff,
        lead=handoff.lead,
        owner=handoff.rep,
        stage=first_stage(Kind.OPEN),
        opened_by_id=actor.pk,
        changed_by_id=actor.pk,
        form_key=form_key,
        **terms.values(),
    )
    _note_step(opportunity, None, actor)
    clocks.meet_disposition(handoff.cycle)
    _move_lead(opportunity, Lead.Stage.OPPORTUNITY, f"Deal opened by {actor.name}.", actor)
    publish(OpportunityOpened(lead_id=opportunity.lead_id, opportunity_id=opportunity.pk))
    return opportunity


@transaction.atomic
def change(
    *, opportunity: Opportunity, actor: Any, version: int, terms: Terms, owner: User | None = None
) -> Opportunity:
    """New terms; another owner only by whoever leads sales, and the lead goes along.

    Raises DealChanged, CannotTake for an owner who is no active rep.
    """
    _may_work(opportunity, actor)
    taker = owner if owner is not None and owner.pk != opportunity.owner_id else None
    if taker and not actor.leads_sales:
        raise PermissionDenied
    lock_cycle(opportunity.handoff.cycle)
    values = terms.values()
    if _write(opportunity, actor, version, **values):
        if taker:
            _give(opportunity, taker, actor)
    elif not _stands(opportunity, actor, values | ({"owner_id": taker.pk} if taker else {})):
        raise DealChanged(opportunity)
    return opportunity


@transaction.atomic
def move(*, opportunity: Opportunity, stage: PipelineStage, actor: Any, version: int) -> Opportunity:
    """To another open stage. Raises DealChanged, CannotMoveDeal."""
    _may_work(opportunity, actor)
    if stage.kind != Kind.OPEN or not stage.active:
        raise CannotMoveDeal(f"“{stage}” is not a stage for open deals. Nothing was changed.")
    _must_be_open(opportunity, version)
    before = opportunity.stage_id
    if _write(opportunity, actor, version, stage=stage, stage_since=Now()):
        if before != stage.pk:
            _note_step(opportunity, before, actor)
    elif opportunity.stage_id != stage.pk or opportunity.changed_by_id != actor.pk:
        raise DealChanged(opportunity)
    return opportunity


@transaction.atomic
def win(
    *,
    opportunity: Opportunity,
    actor: Any,
    version: int,
    amount: Decimal,
    currency: str,
    stage: PipelineStage | None = None,
    note: str = "",
) -> Opportunity:
    """The lead is a customer, and the money goes to its sources. Raises DealChanged, CannotMoveDeal."""
    _may_work(opportunity, actor)
    _answer_first(opportunity, actor)
    values = {"amount": amount, "currency": currency, **revenue.credit(opportunity)}
    if not _end(opportunity, actor, version, Outcome.WON, stage, note, **values):
        return opportunity
    words = f"Deal won by {actor.name}."
    _end_cycle(opportunity, QualificationCycle.Outcome.CUSTOMER, words, actor)
    _move_lead(opportunity, Lead.Stage.CUSTOMER, words, actor)
    publish(OpportunityWon(lead_id=opportunity.lead_id, opportunity_id=opportunity.pk))
    return opportunity


@transaction.atomic
def lose(
    *,
    opportunity: Opportunity,
    actor: Any,
    version: int,
    reason: CloseReason,
    note: str = "",
    stage: PipelineStage | None = None,
) -> Opportunity:
    """Back to nurture, with the reason. Raises DealChanged, CannotMoveDeal, NoteRequired."""
    _may_work(opportunity, actor)
    if missing := reason.missing(note):
        raise NoteRequired(missing)
    _answer_first(opportunity, actor)
    if not _end(opportunity, actor, version, Outcome.LOST, stage, note, close_reason=reason):
        return opportunity
    words = ": ".join(part for part in (f"Deal lost, {reason}", note.strip()) if part)[:300]
    _end_cycle(opportunity, QualificationCycle.Outcome.LOST, words, actor)
    _move_lead(opportunity, Lead.Stage.RECYCLED, words, actor)
    publish(OpportunityLost(lead_id=opportunity.lead_id, opportunity_id=opportunity.pk))
    return opportunity


@transaction.atomic
def reopen(
    *, opportunity: Opportunity, actor: Any, version: int, stage: PipelineStage | None = None
) -> Opportunity:
    """A closed deal is open again, and so is its cycle. Raises DealChanged, CannotMoveDeal."""
    _may_work(opportunity, actor)
    cycle = lock_cycle(opportunity.handoff.cycle)
    if Disqualification.objects.filter(lead_id=opportunity.lead_id).exists():
        raise CannotMoveDeal("This lead is disqualified. Take that back first; nothing was changed.")
    before, stage = opportunity.stage_id, stage or _last_open_stage(opportunity)
    values = {"outcome": "", "closed_at": None, "close_reason": None, "close_note": "", "stage": stage}
    written = _write(
        opportunity,
        actor,
        version,
        closed=True,
        stage_since=Now(),
        reopened=F("reopened") + 1,
        **values,
        **revenue.NOBODY,
    )
    if not written:
        if opportunity.is_open and opportunity.reopened and opportunity.changed_by_id == actor.pk:
            return opportunity
        raise DealChanged(opportunity)
    _reopen_cycle(cycle)
    if opportunity.owner_id != opportunity.handoff.rep_id:
        _give(opportunity, opportunity.owner, actor)  # it got another owner while it was closed
    _note_step(opportunity, before, actor, "Opened again.")
    _move_lead(opportunity, Lead.Stage.OPPORTUNITY, f"Deal opened again by {actor.name}.", actor)
    publish(OpportunityReopened(lead_id=opportunity.lead_id, opportunity_id=opportunity.pk))
    return opportunity


def first_stage(kind: str) -> PipelineStage:
    stage = PipelineStage.objects.filter(active=True, kind=kind).first()
    if stage is None:
        raise CannotMoveDeal(f"The pipeline has no active stage that is {kind}. An admin adds one.")
    return stage


def _end(
    opportunity: Opportunity,
    actor: Any,
    version: int,
    outcome: str,
    stage: PipelineStage | None,
    note: str,
    **values: Any,
) -> bool:
    """Closes the deal; False when this same person just did. Raises DealChanged, CannotMoveDeal."""
    stage = stage or first_stage(outcome)
    if stage.kind != outcome:
        raise CannotMoveDeal(f"“{stage}” is no stage for a deal that is {outcome}. Nothing was changed.")
    before, note = opportunity.stage_id, note.strip()[:500]
    values |= {
        "outcome": outcome,
        "closed_at": Now(),
        "stage": stage,
        "stage_since": Now(),
        "close_note": note,
    }
    if _write(opportunity, actor, version, closed=False, **values):
        because = str(opportunity.close_reason or "")
        _note_step(opportunity, before, actor, ": ".join(part for part in (because, note) if part))
        return True
    if opportunity.outcome == outcome and opportunity.changed_by_id == actor.pk:
        return False
    raise DealChanged(opportunity)


def _write(
    opportunity: Opportunity, actor: Any, version: int, *, closed: bool | None = None, **values: Any
) -> bool:
    """One conditional update; the row in hand is the fresh one afterwards, whoever won."""
    rows = Opportunity.objects.filter(pk=opportunity.pk, version=version)
    if closed is not None:
        rows = rows.filter(closed_at__isnull=not closed)
    won = rows.update(version=F("version") + 1, changed_by_id=actor.pk, **values)
    _refresh(opportunity)
    return bool(won)


def _refresh(opportunity: Opportunity) -> None:
    fresh = Opportunity.objects.select_related("stage", "changed_by", "close_reason").get(pk=opportunity.pk)
    for field in Opportunity._meta.concrete_fields:
        setattr(opportunity, field.attname, getattr(fresh, field.attname))
    for name in ("stage", "changed_by", "close_reason"):
        setattr(opportunity, name, getattr(fresh, name))


def _stands(opportunity: Opportunity, actor: Any, values: dict[str, Any]) -> bool:
    """The second of two equal clicks finds its work done."""
    mine = opportunity.changed_by_id == actor.pk
    return mine and all(getattr(opportunity, name) == value for name, value in values.items())


def _give(opportunity: Opportunity, taker: User, actor: Any) -> None:
    """A lead that is worked moves with its handoff; of one that is over only deal and record change hands."""
    handoff = opportunity.handoff
    worked = Handoff.objects.being_worked().filter(pk=handoff.pk).exclude(rep=taker).exists()
    if opportunity.is_open and (worked or handoff.is_open):
        reassign(handoff=handoff, rep=taker, actor=actor)
    else:
        Opportunity.objects.filter(pk=opportunity.pk).update(owner=taker)
        if not _superseded(opportunity):
            assign_owner(lead=opportunity.lead, owner=taker, actor=_who(actor))
    _refresh(opportunity)


def _may_work(opportunity: Opportunity, actor: Any) -> None:
    if not opportunity.workable_by(actor):
        raise PermissionDenied


def _answer_first(opportunity: Opportunity, actor: Any) -> None:
    """Whoever ends a deal that came along with a lead has taken the lead, though nobody pressed Accept."""
    cycle, handoff = lock_cycle(opportunity.handoff.cycle), opportunity.handoff
    if handoff.is_open and cycle.closed_at is None and opportunity.is_open:
        accept(handoff=handoff, actor=actor)
        settle(handoff.pk, early=True)


def _must_be_open(opportunity: Opportunity, version: int) -> None:
    if not opportunity.is_open and opportunity.version == version:
        raise CannotMoveDeal("This deal is closed. Open it again first; nothing was changed.")


def _last_open_stage(opportunity: Opportunity) -> PipelineStage:
    """Where it stood before it was closed, if that stage is still in use."""
    steps = opportunity.steps.filter(stage__kind=Kind.OPEN, stage__active=True).select_related("stage")
    last = steps.order_by("-at", "-pk").first()
    return last.stage if last else first_stage(Kind.OPEN)


def _end_cycle(opportunity: Opportunity, outcome: str, words: str, actor: Any) -> None:
    cycle = lock_cycle(opportunity.handoff.cycle)
    if cycle.closed_at is None:
        close_cycle(cycle=cycle, outcome=outcome, reason=words, actor=_who(actor))
        clocks.end(SlaClock.objects.filter(cycle=cycle))


def _reopen_cycle(cycle: QualificationCycle) -> None:
    try:
        reopen_cycle(cycle=cycle)
    except CycleSuperseded as error:
        words = f"{cycle.lead.name} has qualified again since. Work with that handoff; nothing was changed."
        raise CannotMoveDeal(words) from error


def _move_lead(opportunity: Opportunity, stage: str, words: str, actor: Any) -> None:
    """A disqualified lead stays one, and a newer cycle decides for itself."""
    lead = opportunity.lead
    if Disqualification.objects.filter(lead=lead).exists() or _superseded(opportunity):
        return
    move_stage(lead=lead, stage=stage, reason=words, actor=_who(actor))


def _superseded(opportunity: Opportunity) -> bool:
    """The lead has qualified again since."""
    newer = QualificationCycle.objects.filter(lead=opportunity.lead, n__gt=opportunity.handoff.cycle.n)
    return newer.exists()


def _note_step(opportunity: Opportunity, before: int | None, actor: Any, note: str = "") -> None:
    StageStep.objects.create(
        opportunity=opportunity,
        from_stage_id=before,
        stage=opportunity.stage,
        by_id=actor.pk,
        amount=opportunity.amount,
        currency=opportunity.currency,
        note=note,
    )


def _who(actor: Any) -> Any:
    """An API token that nobody owns has no row to point to."""
    return actor if actor is not None and actor.pk else None
