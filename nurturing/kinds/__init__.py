"""The kinds of steps a campaign may have."""

from nurturing.kinds.base import (
    DAYS,
    DEEDS,
    LONGEST_WAIT,
    Branch,
    Kind,
    Settings,
    Surroundings,
    clock,
    event_words,
    length,
)
from nurturing.kinds.inside import (
    INSIDE,
    JUDGED,
    LEAST_PEOPLE,
    MOST_ARMS,
    MOST_POINTS,
    event_problems,
    points_kind,
)
from nurturing.kinds.outside import OUTSIDE

MAILS = frozenset({"email", "webinar"})  # kinds that are a mail, with a subject and blocks
KINDS: dict[str, Kind] = {kind.key: kind for kind in (*INSIDE, *OUTSIDE)}

__all__ = [
    "DAYS",
    "DEEDS",
    "JUDGED",
    "KINDS",
    "LEAST_PEOPLE",
    "LONGEST_WAIT",
    "MAILS",
    "MOST_ARMS",
    "MOST_POINTS",
    "Branch",
    "Kind",
    "Settings",
    "Surroundings",
    "branches",
    "clock",
    "event_problems",
    "event_words",
    "length",
    "points_kind",
    "title",
]


def branches(kind: str, settings: Settings) -> list[Branch]:
    return KINDS[kind].branches(settings) if kind in KINDS else []


def title(kind: str, settings: Settings, subject: str = "") -> str:
    if kind == "email":
        return f"E-mail: {subject or 'no subject yet'}"
    return KINDS[kind].words(settings) if kind in KINDS else kind
