"""Qualification cycles at a merge: the loser's open one goes on as the winner's, or ends when the winner has one."""

from __future__ import annotations

from typing import Any

from leads.events import publish
from leads.joining import Line
from leads.models import Lead
from leads.services.people import move_stage
from scoring.events import LeadQualified
from scoring.models import QualificationCycle
from scoring.services import cycles

Outcome, Stage = QualificationCycle.Outcome, Lead.Stage
AFTER = {
    Outcome.REJECTED: Stage.RECYCLED,
    Outcome.RECYCLED: Stage.RECYCLED,
    Outcome.LOST: Stage.RECYCLED,
    Outcome.CUSTOMER: Stage.CUSTOMER,
    Outcome.EXPIRED: Stage.LEAD,
}


def move(winner: Lead, loser: Lead) -> dict[str, Any]:
    cycle = QualificationCycle.objects.open().filter(lead=loser).first()
    if cycle is None:
        return {}
    cycles.follow_merges(into=winner)
    return {"cycle": cycle.pk, "n": cycle.n}


def give_back(kept_by: Lead, loser: Lead, noted: dict[str, Any]) -> None:
    cycle = QualificationCycle.objects.filter(pk=noted.get("cycle", 0)).first()
    if cycle is None:
        return
    if cycle.lead_id == kept_by.pk:
        kept_by.refresh_from_db(fields=["stage"])
        stage = kept_by.stage if cycle.closed_at is None else AFTER.get(Outcome(cycle.outcome), loser.stage)
        QualificationCycle.objects.filter(pk=cycle.pk).update(lead=loser, n=noted["n"])
        move_stage(lead=loser, stage=stage, reason="A merge was taken apart.")
    elif cycle.outcome == Outcome.EXPIRED and cycle.outcome_reason == cycles.MERGED:
        cycles.reopen_cycle(cycle=cycle)
        publish(LeadQualified(lead_id=loser.pk, cycle_id=cycle.pk))


def lines(winner: Lead, loser: Lead) -> list[Line]:
    still = QualificationCycle.objects.open()
    if not still.filter(lead=loser).exists():
        return []
    if still.filter(lead=winner).exists() or hasattr(winner, "disqualification"):
        return [
            Line(
                f"{loser}'s qualification cycle ends: a person has one at most. Its hand-off is withdrawn; taking the "
                "merge apart opens the cycle again and offers it anew.",
                lasting=True,
            )
        ]
    return [Line(f"{loser}'s open qualification cycle goes on as the merged lead's.")]
