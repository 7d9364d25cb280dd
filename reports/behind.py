"""The leads behind a number: the same question of the same rows, told one by one, newest first."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from leads.models import Lead
from reports import courses
from reports.asked import AGES, STAGES, Asked
from reports.courses import ARRIVED_DAYS, IN_SEGMENTS, KEYS, in_time, is_mature
from reports.stays import IS, OUTCOMES, PLACES, with_stays

SIZE = 50
CHUNK = 2_000  # rows of a file read at once
HOW = ("so_far", "mature", "in_time")
FLOW = "flow"
ARRIVED = "arrived"


@dataclass(frozen=True)
class Which:
    """Which rows of the report: a stage, whether in time, at which age, and of which group.

    Of the flow: a place and a move, and `key` is the outcome.
    """

    stage: str = "mql"
    how: str = "so_far"
    age: int = 30
    way: str = ""
    key: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, str], report: Asked) -> Which:
        way = asked.get("way", "")
        if way == FLOW:
            return cls(*_place_and_move(asked), way=FLOW, key=_outcome(asked))
        stages = ("mql", "handed", *STAGES, *([ARRIVED] if can_ask_people(report) else []))
        age = asked.get("age", "")
        return cls(
            asked["stage"] if asked.get("stage") in stages else "mql",
            asked["how"] if asked.get("how") in HOW else "so_far",
            int(age) if age in map(str, (*AGES, 90)) else 30,
            way if way in KEYS else "",
            asked.get("key", "").replace("\x00", "")[:150],
        )

    def condition(self) -> str:
        if self.way == FLOW:
            outcome = " AND outcome = %(key)s" if self.key else ""
            return f"place = %(place)s AND {IS[self.how]}{outcome}"
        if self.stage == ARRIVED:
            return OF_ARRIVALS[self.how]
        parts = [] if self.stage == "mql" else [f"{self.stage}_at IS NOT NULL"]
        if self.how != "so_far":
            parts.append(is_mature(self.age))
        if self.how == "in_time" and self.stage != "mql":
            parts.append(in_time(self.stage, self.age))
        if self.way:
            parts.append(f"{KEYS[self.way][0]} = %(key)s")
        return " AND ".join(parts) or "true"


OF_ARRIVALS = {
    "so_far": "true",
    "mature": "old",
    "in_time": f"old AND mql_at - created_at <= interval '{ARRIVED_DAYS * 24} hours'",
}


def _place_and_move(asked: Mapping[str, str]) -> tuple[str, str]:
    place, move = asked.get("stage", ""), asked.get("how", "")
    return place if place in PLACES else "open", move if move in IS else "end"


def _outcome(asked: Mapping[str, str]) -> str:
    return asked["key"] if asked.get("key") in OUTCOMES else ""


def can_ask_people(report: Asked) -> bool:
    """Whoever was never qualified has no version and no team, and cannot come back."""
    return report.unit != "again" and not {"version", "team"} & set(report.filters)


@dataclass(frozen=True)
class Entry:
    """One row of the list; `at` is the instant it is sorted by."""

    id: int
    lead: Lead
    n: int
    at: datetime
    handed_at: datetime | None
    accepted_at: datetime | None
    sql_at: datetime | None
    opp_at: datetime | None
    won_at: datetime | None
    ended_at: datetime | None
    outcome: str


@courses.reading()
def page(
    user: Any, report: Asked, which: Which, zone: str, now: datetime, cursor: str = "", size: int = SIZE
) -> tuple[list[Entry], str]:
    """At most `size` rows and the cursor of the next page; 2 queries. An unreadable cursor is the first page."""
    after = _decode(cursor)
    beyond = "AND (at, id) < (%(after_at)s::timestamptz, %(after_id)s)" if after else ""
    sql = f"{_rows(report, which)} SELECT * FROM listed WHERE true {beyond} ORDER BY at DESC, id DESC LIMIT %(size)s"
    params = {**courses.values(report, zone, now), "key": which.key, "place": which.stage, "size": size + 1}
    found = courses.ask(sql, {**params, **(after or {})})
    leads = _visible(user, [row[1] for row in found[:size]])
    entries = [Entry(row[0], leads[row[1]], *row[2:]) for row in found[:size] if row[1] in leads]
    return entries, _encode(found[size - 1]) if len(found) > size else ""


def every(user: Any, report: Asked, which: Which, zone: str, now: datetime) -> Iterator[Entry]:
    """All of them for a file, a few thousand at a time."""
    cursor = ""
    while True:
        entries, cursor = page(user, report, which, zone, now, cursor, CHUNK)
        yield from entries
        if not cursor:
            return


def _rows(report: Asked, which: Which) -> str:
    columns = "n, mql_at AS at, handed_at, accepted_at, sql_at, opp_at, won_at, ended_at, outcome"
    if which.stage == ARRIVED:
        nothing = "NULL::timestamptz"
        arrived = courses.arrived(report)
        return f"""{arrived}, listed AS (SELECT id, id AS person, 0 AS n, created_at AS at, {nothing}, {nothing},
            {nothing}, {nothing}, {nothing}, {nothing}, '' FROM arrived WHERE {which.condition()})"""
    if which.way == FLOW:
        return f"{with_stays(report)}, listed AS (SELECT id, person, {columns} FROM stays WHERE {which.condition()})"
    joined = IN_SEGMENTS if which.way == "segment" else ""
    return f"""{courses.with_courses(report)}, listed AS (SELECT x.id, x.person, {columns}
        FROM facts x {joined} WHERE {which.condition()})"""


def _visible(user: Any, ids: list[int]) -> dict[int, Lead]:
    found = Lead.objects.visible_to(user).filter(pk__in=ids).select_related("company")
    return {lead.pk: lead for lead in found}


def _encode(row: Any) -> str:
    return urlsafe_b64encode(orjson.dumps([row[3].isoformat(), row[0]])).decode().rstrip("=")


def _decode(cursor: str) -> dict[str, Any] | None:
    try:
        at, pk = orjson.loads(urlsafe_b64decode(cursor[:200] + "=" * (-len(cursor) % 4)))
        moment = datetime.fromisoformat(at)
        return {"after_at": moment.isoformat(), "after_id": int(pk)} if abs(int(pk)) < 2**63 else None
    except (ValueError, TypeError):
        return None
