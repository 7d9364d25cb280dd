"""Facts this floor announces; ids only."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class ModelPublished:
    version_id: int


@dataclass(frozen=True)
class LeadQualified:
    """A qualification cycle was opened."""

    lead_id: int
    cycle_id: int


@dataclass(frozen=True)
class CycleMoved:
    """Its lead was merged into another one, who has the cycle now."""

    lead_id: int
    cycle_id: int


@dataclass(frozen=True)
class CycleClosed:
    lead_id: int
    cycle_id: int


@dataclass(frozen=True)
class ScoresDiffer:
    """A check found stored scores that are not what they must be."""

    check_id: int


@dataclass(frozen=True)
class TrainingAsked:
    """Somebody wants the predictive score to learn anew."""

    training_id: int


@dataclass(frozen=True)
class ReviewDue:
    """Its owner has to look at the definition again."""

    reminder_id: int


@dataclass(frozen=True)
class BacktestQueued:
    backtest_id: int


@dataclass(frozen=True)
class HealthAsked:
    """The rules in force are to be looked over."""

    report_id: int


@dataclass(frozen=True)
class AlertsRaised:
    """Something watched for has happened; what, stands in scoring.Alert."""

    coalesced: ClassVar[bool] = True  # carries nothing, so a thousand rings may be one


@dataclass(frozen=True)
class LeadsScored:
    """Scores of some leads were looked at again, because they did something or time went on."""

    coalesced: ClassVar[bool] = True
