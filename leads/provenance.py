"""Who said so, and may somebody else replace it? Pure: no database, no clock.

An entry stands for one value of one field: {"source", "at" (ISO, UTC)} and, when they say something,
"confidence" (below 1) and "by" (a user id).
"""

from datetime import UTC, datetime
from typing import Any

PEOPLE = frozenset({"typed", "form"})
Entry = dict[str, Any]


def entry(source: str, at: datetime, confidence: float = 1.0, by: int | None = None) -> Entry:
    made: Entry = {"source": source, "at": at.astimezone(UTC).isoformat()}
    if confidence < 1:
        made["confidence"] = confidence
    return made if by is None else made | {"by": by}


def may_replace(*, old: Entry | None, blank: bool, source: str, at: datetime) -> bool:
    """May a value from `source`, true at `at`, take the place of what stands there?

    A colleague always may. A form may replace anything older. A machine fills what is empty, and replaces
    what an older machine said; never what a person typed, never what is newer.
    """
    if source == "typed":
        return True
    newer = old is None or datetime.fromisoformat(old["at"]) <= at
    if blank:
        return newer
    if old is None:
        return source != "enriched"
    return newer and (source == "form" or old["source"] not in PEOPLE)
