"""Opening and closing qualification cycles: the only code that does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from leads.events import publish
from leads.models import Disqualification, Lead
from leads.services.merges import holder
from leads.services.people import move_stage
from leads.services.touches import touch
from scoring.events import CycleClosed, CycleMoved, LeadQualified
from scoring.models import ModelVersion, QualificationCycle

Outcome = QualificationCycle.Outcome
NO_TIME = timedelta()
MERGED = "Merged into another lead."


class CycleClosedAlready(Exception):
    """Somebody ended this cycle first; the message says how and when."""


@transaction.atomic
def open_cycle(
    *,
    lead: Lead,
    version: ModelVersion,
    cause: str,
    reason: str,
    rule_key: str,
    evidence_at: Any,
    total: int,
    band: str,
    critical_at: Any = None,
) -> QualificationCycle | None:
    """A new cycle, or None when one is open, the evidence is not newer than the end of the last, or that one's
    cool-down runs. Only a critical signal that is itself newer (`critical_at`) cuts a cool-down short.

    The partial unique index decides between two scorers; the loser gets None.
    """
    if follow_merges(into=lead):
        return None
    last = QualificationCycle.objects.filter(lead=lead).order_by("-n").first()
    if last is not None and not _may_follow(last, evidence_at, critical_at):
        return None
    cycle, created = QualificationCycle.objects.get_or_create(
        lead=lead,
        closed_at=None,
        defaults={
            "n": last.n + 1 if last else 1,
            "version": version,
            "cause": cause,
            "reason": reason[:300],
            "rule_key": rule_key,
            "evidence_at": evidence_at,
            "total": total,
            "band": band,
        },
    )
    if not created:
        return None
    move_stage(lead=lead, stage=Lead.Stage.MQL, reason=reason[:300], model_version=version.number)
    publish(LeadQualified(lead_id=lead.pk, cycle_id=cycle.pk))
    return cycle


def _may_follow(last: QualificationCycle, evidence_at: Any, critical_at: Any) -> bool:
    if last.closed_at is None or not _newer(evidence_at, last):
        return False
    return _newer(critical_at, last) or not QualificationCycle.objects.cooling().filter(pk=last.pk).exists()


def _newer(evidence_at: Any, last: QualificationCycle) -> bool:
    """Only what happened after the last cycle ended can qualify anew."""
    return evidence_at is not None and evidence_at > last.closed_at


@transaction.atomic
def close_cycle(
    *,
    cycle: QualificationCycle,
    outcome: str,
    reason: str = "",
    actor: Any = None,
    cool_down: timedelta = NO_TIME,
) -> QualificationCycle:
    """Ends a cycle once. Raises CycleClosedAlready for the second who tries.

    The caller moves the lead's stage: only it knows what comes next. Until `cool_down` is over no points open
    the next cycle.
    """
    won = (
        QualificationCycle.objects.open()
        .filter(pk=cycle.pk)
        .update(
            closed_at=Now(),
            outcome=outcome,
            outcome_reason=reason[:300],
            closed_by_id=getattr(actor, "pk", None),
            cool_until=Now() + cool_down if cool_down else None,
        )
    )
    cycle.refresh_from_db()
    if not won:
        raise CycleClosedAlready(f"This cycle has already ended: {cycle.get_outcome_display().lower()}.")
    publish(CycleClosed(lead_id=cycle.lead_id, cycle_id=cycle.pk))
    return cycle


def close_cycle_of(*, lead_id: int, outcome: str, reason: str) -> bool:
    """Ends the lead's open cycle, if there is one. True if it did."""
    cycle = QualificationCycle.objects.open().filter(lead_id=lead_id).first()
    if cycle is None:
        return False
    close_cycle(cycle=cycle, outcome=outcome, reason=reason)
    return True


def close_orphans(*, limit: int = 500) -> int:
    """Sweep: open cycles of leads that were disqualified or merged into another; how many ended."""
    disqualified = QualificationCycle.objects.open().filter(lead__disqualification__isnull=False)
    done = 0
    for cycle in disqualified.select_related("lead__disqualification")[:limit]:
        close_cycle(cycle=cycle, outcome=Outcome.DISQUALIFIED, reason=cycle.lead.disqualification.reason)
        done += 1
    return done + follow_merges(limit=limit)


@transaction.atomic
def follow_merges(*, into: Lead | None = None, limit: int = 500) -> int:
    """Open cycles of merged leads go on as the winner's; one that the winner has already takes precedence.

    Of two who do this at once the second skips what the first holds.
    """
    merged = QualificationCycle.objects.open().filter(lead__merged_into__isnull=False)
    merged = merged.filter(lead__merged_into=into) if into else merged
    rows = merged.select_for_update(of=("self",), skip_locked=True).select_related("lead").order_by("pk")
    found = list(rows[:limit])
    for cycle in found:
        _follow_merge(cycle, holder(cycle.lead))
    return len(found)


def _follow_merge(cycle: QualificationCycle, winner: Lead) -> None:
    """The winner's row is the lock: it gets one open cycle at most."""
    winner = Lead.objects.select_for_update(no_key=True).get(pk=winner.pk)
    theirs = QualificationCycle.objects.filter(lead=winner)
    if theirs.open().exists() or Disqualification.objects.filter(lead=winner).exists():
        close_cycle(cycle=cycle, outcome=Outcome.EXPIRED, reason=MERGED)
        return
    stage, last = cycle.lead.stage, theirs.order_by("-n").first()
    QualificationCycle.objects.filter(pk=cycle.pk).update(lead=winner, n=last.n + 1 if last else 1)
    move_stage(lead=winner, stage=stage, reason="Merged with a lead that was there already.")
    publish(CycleMoved(lead_id=winner.pk, cycle_id=cycle.pk))


class CycleSuperseded(Exception):
    """The lead has qualified again since; that cycle is the one to work with."""


@transaction.atomic
def reopen_cycle(*, cycle: QualificationCycle) -> QualificationCycle:
    """Takes the end of a lead's newest cycle back; nothing for one that is open. Raises CycleSuperseded."""
    if QualificationCycle.objects.filter(lead_id=cycle.lead_id, n__gt=cycle.n).exists():
        raise CycleSuperseded("This lead has qualified again since. Work with the newer cycle.")
    QualificationCycle.objects.filter(pk=cycle.pk, closed_at__isnull=False).update(
        closed_at=None, outcome="", outcome_reason="", closed_by=None, cool_until=None, cooled_at=None
    )
    cycle.refresh_from_db()
    return cycle


@transaction.atomic
def end_cool_downs(*, limit: int = 500) -> int:
    """Sweep: whoever did something while cooling is looked at again on the day it ends."""
    cooled = QualificationCycle.objects.cooled().select_for_update(skip_locked=True).order_by("cool_until")
    ended = dict(cooled.values_list("pk", "lead_id")[:limit])
    QualificationCycle.objects.filter(pk__in=ended).update(cooled_at=Now())
    touch(ended.values())
    return len(ended)
