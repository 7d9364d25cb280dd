"""Facts about who takes a lead over, by when, and why not."""

from handoff.models.agreement import Agreement
from handoff.models.calendars import BusinessCalendar, TeamHours, working_week
from handoff.models.clocks import ClockMove, ClockPause, SlaClock
from handoff.models.evidence import BantEvidence
from handoff.models.feedback import (
    FeedbackAnswer,
    FeedbackForm,
    FeedbackQuestion,
    FeedbackRequest,
    Occasion,
)
from handoff.models.handoffs import Handoff
from handoff.models.notifications import (
    Delivery,
    Notice,
    Notification,
    NotificationPreference,
    SlackHook,
    WebhookSettings,
)
from handoff.models.opportunities import CloseReason, Opportunity, PipelineStage, StageStep
from handoff.models.policies import SlaPolicy
from handoff.models.reasons import RejectReason
from handoff.models.repairs import Repair
from handoff.models.routing import (
    Absence,
    Holding,
    RotationPool,
    RoundRobinSeat,
    RoutingDecision,
    RoutingRule,
)
from handoff.models.scored_by import ScoredBy

__all__ = [
    "Absence",
    "Agreement",
    "BantEvidence",
    "BusinessCalendar",
    "ClockMove",
    "ClockPause",
    "CloseReason",
    "Delivery",
    "FeedbackAnswer",
    "FeedbackForm",
    "FeedbackQuestion",
    "FeedbackRequest",
    "Handoff",
    "Holding",
    "Notice",
    "Notification",
    "NotificationPreference",
    "Occasion",
    "Opportunity",
    "PipelineStage",
    "RejectReason",
    "Repair",
    "RotationPool",
    "RoundRobinSeat",
    "RoutingDecision",
    "RoutingRule",
    "ScoredBy",
    "SlaClock",
    "SlaPolicy",
    "SlackHook",
    "StageStep",
    "TeamHours",
    "WebhookSettings",
    "working_week",
]
