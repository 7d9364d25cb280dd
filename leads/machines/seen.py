"""What is known of one hit, and what was made of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

OPEN, CLICK, TRAP, FOOT, VIEW = "open", "click", "trap", "foot", "view"
TRAP_LINK, UNSUBSCRIBE_LINK, PREFERENCES_LINK = -1, -2, -3  # places of links that are none of the mail's own


class Seen(NamedTuple):
    """`link` is the place of the link in the mail, from 1; `crowd` how many mails to others the same visitor met."""

    kind: str
    at: datetime
    sent_at: datetime | None = None
    link: int = 0
    links: int = 0  # in this mail
    method: str = "GET"
    agent: str = ""
    address: str = ""
    recipient: str = ""
    signs: tuple[str, ...] = ()  # what its headers give away; see `headers`
    crowd: int = 0


class Verdict(NamedTuple):
    """`reasons` are keys of WORDS, the weightiest first."""

    probability: float
    reasons: tuple[str, ...]

    @property
    def machine(self) -> bool:
        return self.probability >= 0.5


WORDS = {
    "trap": "Followed a link that no reader can see",
    "near_trap": "A link that no reader can see was followed at the same time",
    "method": "Asked for the head of the page only",
    "agent": "Known program, not a browser",
    "nobody": "Did not say what it is",
    "proxy": "Fetched by Apple's mail privacy proxy",
    "prefetch": "Fetched ahead, before anybody looked",
    "service": "The mail service says it was a machine",
    "ruled": "A rule of yours says machines",
    "soon": "Too soon after the mail was sent",
    "early": "Soon after the mail was sent",
    "at_once": "Several links at the same moment",
    "quickly": "Several links within seconds",
    "two_links": "Two links within three seconds",
    "all_links": "All links of the mail, one after another",
    "in_order": "The links in the order in which they stand",
    "networks": "Three or more addresses within 30 seconds",
    "two_networks": "Two addresses within 3 seconds",
    "crowd": "The same visitor met mails to many people within seconds",
    "few": "The same visitor met mails to several people within seconds",
    "clockwork": "Comes back at equal intervals",
    "same_visitor": "The same visitor did something only machines do",
    "no_language": "Names no language",
    "bare": "Takes anything, which browsers do not say",
    "no_fetch": "Lacks what this browser always sends",
    "not_navigated": "Was not reached by following a link",
    "old_agent": "Says it is a browser of many years ago",
    "opened_before": "Opened before the click",
    "people": "A rule of yours says people",
}
FOR_PEOPLE = frozenset({"opened_before", "people"})


def in_words(reasons: Iterable[str]) -> str:
    return "; ".join(WORDS.get(reason, reason) for reason in reasons)
