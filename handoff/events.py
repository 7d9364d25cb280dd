"""Facts this floor announces; ids only."""

from dataclasses import dataclass


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
