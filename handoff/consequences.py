"""What follows a reject reason, in words for whoever chooses it."""

from __future__ import annotations

from collections.abc import Mapping

from handoff.models import RejectReason
from leads.campaigns import CampaignName
from leads.forms import LABELS

Consequence = RejectReason.Consequence
FIRST = {
    Consequence.RECYCLE: "Goes back to nurture",
    Consequence.DISQUALIFY: "Closed as disqualified: no scoring, no campaigns",
    Consequence.RETURN: "Back to marketing to put right",
    Consequence.SUPPRESS: "Goes back and is never mailed again",
}


def words(reason: RejectReason, campaigns: Mapping[int, CampaignName]) -> str:
    """As in: Goes back to nurture, into “Budget season” after 90 days. May return after 30 days, on new activity."""
    first = FIRST[Consequence(reason.consequence)] + _campaign(reason, campaigns) + _fields(reason)
    parts = [first, _return(reason), f"Takes {days(reason.lower_by, 'point')}" if reason.lower_by else ""]
    return " ".join(f"{part}." for part in parts if part)


def field_names(keys: list[str]) -> list[str]:
    return [LABELS.get(key, key) for key in keys]


def days(number: int, noun: str = "day") -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _campaign(reason: RejectReason, campaigns: Mapping[int, CampaignName]) -> str:
    campaign = campaigns.get(reason.campaign or 0)
    if campaign is None:
        return ""
    return f", into “{campaign.name}”" + (f" after {days(reason.after_days)}" if reason.after_days else "")


def _fields(reason: RejectReason) -> str:
    names = [name[:1].lower() + name[1:] for name in field_names(reason.fix_fields)]
    return f": {', '.join(names)}" if names else ""


def _return(reason: RejectReason) -> str:
    match reason.consequence:
        case Consequence.DISQUALIFY:
            return ""
        case Consequence.RETURN:
            return "Then offered again"
    if reason.cool_down_days:
        return f"May return after {days(reason.cool_down_days)}, on new activity"
    return "May return on new activity"
