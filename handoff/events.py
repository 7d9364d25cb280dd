"""Facts this floor announces; ids only."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class HandoffOffered:
    lead_id: int
    handoff_id: int


@dataclass(frozen=True)
class HandoffAccepted:
    lead_id: int
    handoff_id: int


@dataclass(frozen=True)
class HandoffRejected:
    lead_id: int
    handoff_id: int


@dataclass(frozen=True)
class HandoffRecycled:
    """Accepted, worked, and given back to nurture."""

    lead_id: int
    handoff_id: int


@dataclass(frozen=True)
class HandoffSilent:
    """Nobody answered in time and the organisation's rule has acted; which one stands on the handoff."""

    lead_id: int
    handoff_id: int


@dataclass(frozen=True)
class OpportunityOpened:
    lead_id: int
    opportunity_id: int


@dataclass(frozen=True)
class OpportunityWon:
    lead_id: int
    opportunity_id: int


@dataclass(frozen=True)
class OpportunityLost:
    lead_id: int
    opportunity_id: int


@dataclass(frozen=True)
class OpportunityReopened:
    lead_id: int
    opportunity_id: int


@dataclass(frozen=True)
class ClockWarned:
    """Half (50) or four fifths (80) of a promise is used, in the hours of whoever keeps it; once each."""

    lead_id: int
    clock_id: int
    percent: int


@dataclass(frozen=True)
class ClockBreached:
    """Told once, in the hours of whoever made the promise. The row knows the instant itself."""

    lead_id: int
    clock_id: int


@dataclass(frozen=True)
class ClockEscalated:
    """The manager has to know; once. Who that is, `handoff.services.receivers` says."""

    lead_id: int
    clock_id: int


@dataclass(frozen=True)
class CapacityChanged:
    """A rep can take more or fewer leads than before."""

    rep_id: int


@dataclass(frozen=True)
class HandoffAnswered:
    """The answer took effect, whichever it was."""

    lead_id: int
    handoff_id: int


@dataclass(frozen=True)
class HandoffWithdrawn:
    lead_id: int
    handoff_id: int


@dataclass(frozen=True)
class NotificationsDue:
    """Something waits to be sent; what, stands in handoff.Delivery."""

    coalesced: ClassVar[bool] = True  # carries nothing, so a thousand rings may be one
