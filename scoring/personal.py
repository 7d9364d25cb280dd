"""What this floor holds on a person; see leads.holdings."""

from __future__ import annotations

from collections.abc import Sequence

from leads.holdings import Holding
from scoring.models import QualificationCycle
from scoring.services.cycles import CycleClosedAlready, close_cycle

HOLDINGS = (
    Holding(
        "scoring.QualificationCycle", "qualification cycles", blank={"reason": "Erased", "outcome_reason": ""}
    ),
    Holding("scoring.HeldLead", "turns in the queue of a publication", blank={"reason": "", "words": ""}),
    Holding("scoring.Alert", "alerts", blank={"words": ""}),
    Holding("scoring.BacktestMove", "places in backtests"),
    Holding("scoring.Prediction", "prediction"),
    Holding("scoring.Score", "score"),
    Holding("scoring.ScoreChange", "changes of score"),
)
ANONYMOUS: dict[str, str] = {}


def stop(leads: Sequence[int]) -> None:
    for cycle in QualificationCycle.objects.open().filter(lead__in=leads):
        try:
            close_cycle(cycle=cycle, outcome=QualificationCycle.Outcome.EXPIRED, reason="Erased")
        except CycleClosedAlready:
            continue
