"""Facts this floor announces; ids only."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class CampaignActivated:
    campaign_id: int


@dataclass(frozen=True)
class MessagesQueued:
    """Some messages wait to be sent; which ones stands in nurturing.Message."""

    coalesced: ClassVar[bool] = True
