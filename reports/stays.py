"""Snapshot and throughput: who stood where at the start, who came, who went, and who stands there at the end.

A qualification stands in exactly one place from its beginning to its end: the furthest it has come. Each count is asked
of the rows by itself, and start + in - moved on - ended = end holds for every place; a test proves it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from reports import courses
from reports.asked import Asked

PLACES = {
    "open": ("All open", "Every qualification that has begun and not ended."),
    "mql": ("Waiting for hand-off", "MQL, and not offered to a rep yet."),
    "handed": (
        "With sales, no answer yet",
        "Offered, and not accepted; also what came back to be put right.",
    ),
    "accepted": ("Accepted", "Accepted, and not SQL yet."),
    "sql": ("SQL", "SQL, and no deal yet."),
    "opp": ("Opportunity", "A deal is open."),
}
MOVES = {
    "start": "At the start",
    "in": "Came in",
    "moved": "Moved on",
    "ended": "Ended",
    "end": "At the end",
}
OUTCOMES = {
    "customer": "Customer",
    "lost": "Lost",
    "rejected": "Rejected",
    "recycled": "Recycled",
    "disqualified": "Disqualified",
    "expired": "Expired",
}
STAYS = """
, stays AS (
    SELECT x.*, s.place, greatest(s.at, x.mql_at) AS entered_at, least(s.next_at, x.ended_at) AS left_at,
        s.next_at IS NOT NULL AND s.next_at <= coalesce(x.ended_at, 'infinity') AS moved
    FROM facts x CROSS JOIN LATERAL (VALUES
        ('open', x.mql_at, NULL::timestamptz),
        ('mql', x.mql_at, least(x.handed_at, x.accepted_at, x.sql_at, x.opp_at, x.won_at)),
        ('handed', x.handed_at, least(x.accepted_at, x.sql_at, x.opp_at, x.won_at)),
        ('accepted', x.accepted_at, least(x.sql_at, x.opp_at, x.won_at)),
        ('sql', x.sql_at, least(x.opp_at, x.won_at)),
        ('opp', x.opp_at, x.won_at)) AS s (place, at, next_at)
    WHERE s.at IS NOT NULL AND greatest(s.at, x.mql_at) < coalesce(least(s.next_at, x.ended_at), 'infinity')
)"""
FROM = "(%(first)s::timestamp AT TIME ZONE %(zone)s)"
UNTIL = "(%(until)s::timestamp AT TIME ZONE %(zone)s)"
IS = {
    "start": f"entered_at < {FROM} AND coalesce(left_at, 'infinity') >= {FROM}",
    "in": f"entered_at >= {FROM} AND entered_at < {UNTIL}",
    "moved": f"moved AND left_at >= {FROM} AND left_at < {UNTIL}",
    "ended": f"NOT moved AND left_at >= {FROM} AND left_at < {UNTIL}",
    "end": f"entered_at < {UNTIL} AND coalesce(left_at, 'infinity') >= {UNTIL}",
}


@dataclass(frozen=True)
class Place:
    key: str
    label: str
    words: str
    counts: Mapping[str, int]

    @property
    def reconciles(self) -> bool:
        n = self.counts
        return n["start"] + n["in"] - n["moved"] - n["ended"] == n["end"]


@dataclass(frozen=True)
class Month:
    key: str
    label: str
    start: int
    came: int
    ended: Mapping[str, int]  # by outcome

    @property
    def end(self) -> int:
        return self.start + self.came - sum(self.ended.values())

    @property
    def outcomes(self) -> list[tuple[str, int]]:
        return [(outcome, self.ended.get(outcome, 0)) for outcome in OUTCOMES]


@dataclass(frozen=True)
class Flow:
    places: list[Place]
    months: list[Month]

    @property
    def reconciles(self) -> bool:
        """Also that the months, added up one by one, arrive at what is counted at the end."""
        whole = self.places[0].counts["end"]
        return all(place.reconciles for place in self.places) and self.months[-1].end == whole


def with_stays(asked: Asked) -> str:
    return courses.with_courses(asked, "all") + STAYS


@courses.reading()
def flow(asked: Asked, zone: str, now: datetime) -> Flow:
    """Two queries, however many qualifications there are."""
    places = _places(asked, zone, now)
    return Flow(places, _months(asked, places[0].counts["start"], zone, now))


def _places(asked: Asked, zone: str, now: datetime) -> list[Place]:
    measures = ", ".join(f"count(*) FILTER (WHERE {condition})" for condition in IS.values())
    sql = f"{with_stays(asked)} SELECT place, {measures} FROM stays GROUP BY place"
    found = {place: numbers for place, *numbers in courses.ask(sql, courses.values(asked, zone, now))}
    nothing = [0] * len(IS)
    return [
        Place(key, label, words, dict(zip(IS, found.get(key, nothing), strict=True)))
        for key, (label, words) in PLACES.items()
    ]


def _months(asked: Asked, start: int, zone: str, now: datetime) -> list[Month]:
    sql = f"""{with_stays(asked)}
        SELECT to_char(entered_at AT TIME ZONE %(zone)s, 'YYYY-MM'), '', count(*) FROM stays
        WHERE place = 'open' AND {IS["in"]} GROUP BY 1
        UNION ALL SELECT to_char(left_at AT TIME ZONE %(zone)s, 'YYYY-MM'), outcome, count(*) FROM stays
        WHERE place = 'open' AND {IS["ended"]} GROUP BY 1, 2"""
    came: dict[str, int] = {}
    ended: dict[str, dict[str, int]] = {}
    for month, outcome, count in courses.ask(sql, courses.values(asked, zone, now)):
        if outcome:
            ended.setdefault(month, {})[outcome] = count
        else:
            came[month] = count
    found: list[Month] = []
    for first in asked.months:
        key = f"{first:%Y-%m}"
        before = found[-1].end if found else start
        found.append(Month(key, f"{first:%b %Y}", before, came.get(key, 0), ended.get(key, {})))
    return found
