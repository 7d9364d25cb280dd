"""Facts this floor announces; ids only."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class CampaignActivated:
    campaign_id: int


@dataclass(frozen=True)
class WebhooksQueued:
    """Some calls to other systems are due; which ones stands in nurturing.WebhookCall."""

    coalesced: ClassVar[bool] = True


@dataclass(frozen=True)
class LinksAsked:
    """Some addresses wait to be looked at; which ones stands in nurturing.LinkCheck."""

    coalesced: ClassVar[bool] = True


@dataclass(frozen=True)
class MessagesQueued:
    """Some messages wait to be sent; which ones stands in nurturing.Message."""

    coalesced: ClassVar[bool] = True


@dataclass(frozen=True)
class SegmentSaved:
    """Its definition is new, so its members have to be found."""

    segment_id: int


@dataclass(frozen=True)
class ListChanged:
    """Somebody put leads on a list or took them off; segments that ask about it must look again."""

    coalesced: ClassVar[bool] = True


@dataclass(frozen=True)
class MembersEntered:
    """Leads entered segments; campaigns may take them in."""

    coalesced: ClassVar[bool] = True


@dataclass(frozen=True)
class PeopleMoveAsked:
    move_id: int
