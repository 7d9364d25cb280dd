"""Facts about who takes a lead over, by when, and why not."""

from handoff.models.calendars import BusinessCalendar, working_week
from handoff.models.clocks import SlaClock
from handoff.models.handoffs import Handoff
from handoff.models.policies import SlaPolicy
from handoff.models.reasons import RejectReason
from handoff.models.routing import RoundRobinSeat

__all__ = [
    "BusinessCalendar",
    "Handoff",
    "RejectReason",
    "RoundRobinSeat",
    "SlaClock",
    "SlaPolicy",
    "working_week",
]
