"""The names of campaigns, for floors that may not know who runs them.

CAMPAIGN_NAMES in the settings says where to ask; see docs/adr/0009. Asked only where a person chooses or reads.
"""

from __future__ import annotations

from typing import NamedTuple

from django.conf import settings
from django.utils.module_loading import import_string


class CampaignName(NamedTuple):
    id: int
    name: str
    running: bool


def campaign_names() -> dict[int, CampaignName]:
    """Every campaign that has not ended, by id, in the order of their names; one query."""
    rows = import_string(settings.CAMPAIGN_NAMES)()
    return {pk: CampaignName(pk, name, running) for pk, name, running in rows}
