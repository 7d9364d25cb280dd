"""Facts about the definition of a qualified lead, and about each lead's score and qualification."""

from scoring.models.alerts import Alert, Watch
from scoring.models.backtests import Backtest, BacktestMove
from scoring.models.checks import ScoreCheck
from scoring.models.cycles import QualificationCycle
from scoring.models.health import HealthReport, Suggestion
from scoring.models.holds import HeldLead
from scoring.models.prediction import (
    Prediction,
    PredictionModel,
    PredictionRun,
    PredictionTraining,
    UnlearntField,
)
from scoring.models.publications import Approval, Publication, PublishingPolicy
from scoring.models.reviews import DefinitionReview, ReviewPolicy, ReviewReminder
from scoring.models.scores import Score, ScoreChange
from scoring.models.versions import ModelVersion, Rule, RuleGroup

__all__ = [
    "Alert",
    "Approval",
    "Backtest",
    "BacktestMove",
    "DefinitionReview",
    "HealthReport",
    "HeldLead",
    "ModelVersion",
    "Prediction",
    "PredictionModel",
    "PredictionRun",
    "PredictionTraining",
    "Publication",
    "PublishingPolicy",
    "QualificationCycle",
    "ReviewPolicy",
    "ReviewReminder",
    "Rule",
    "RuleGroup",
    "Score",
    "ScoreChange",
    "ScoreCheck",
    "Suggestion",
    "UnlearntField",
    "Watch",
]
