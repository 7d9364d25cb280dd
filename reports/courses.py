"""The course of each qualification, as one row of instants, counted where the rows are.

Unit    a qualification cycle, or a person from their first one on. Rows of a person who was merged belong together; a
        cycle that ended only because its lead was merged into one with a cycle of its own is the same qualification
        told twice, and is left out
SQL     the first time the lead was noted as SQL between acceptance and the end of the cycle, or its deal, which is past
        that. What is taken back (an undone answer, a deal opened again) counts as it stands now
Clock   `now` is the database's, read once for a page, so that all its numbers are of one instant
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from reports.asked import DAYS, NONE, STAGES, Asked
from reports.rates import Day

ARRIVED_DAYS = 90
GROUPS = 50  # of a breakdown, the largest

CYCLES = """
WITH family AS NOT MATERIALIZED (
    SELECT l.id, coalesce(m.merged_into_id, l.merged_into_id, l.id) AS person
    FROM leads_lead l LEFT JOIN leads_lead m ON m.id = l.merged_into_id
), cycles AS (
    SELECT c.id, c.lead_id, c.version_id, c.opened_at AS mql_at, c.closed_at AS ended_at, c.outcome, f.person,
        row_number() OVER (PARTITION BY f.person ORDER BY c.opened_at, c.id) AS n
    FROM scoring_qualificationcycle c JOIN family f ON f.id = c.lead_id
    WHERE NOT (c.outcome = 'expired' AND EXISTS (
        SELECT 1 FROM leads_leadmerge g WHERE g.loser_id = c.lead_id AND g.at <= c.closed_at))
)"""

IN_MONTHS = """mql_at >= (%(first)s::timestamp AT TIME ZONE %(zone)s)
    AND mql_at < (%(until)s::timestamp AT TIME ZONE %(zone)s)"""

PICKED = {
    "first": f"SELECT * FROM cycles WHERE n = 1 AND {IN_MONTHS}",
    "again": f"SELECT * FROM cycles WHERE n > 1 AND {IN_MONTHS}",
    "people": f"SELECT * FROM cycles WHERE person IN (SELECT person FROM cycles WHERE n = 1 AND {IN_MONTHS})",
    "all": "SELECT * FROM cycles",
}

COURSES = """
, picked AS ({picked}), offers AS (
    SELECT h.cycle_id, min(h.offered_at) AS handed_at, min(h.accepted_at) AS accepted_at,
        (array_agg(h.rep_id ORDER BY h.offered_at, h.id))[1] AS rep_id
    FROM handoff_handoff h JOIN picked p ON p.id = h.cycle_id GROUP BY h.cycle_id
), deals AS (
    SELECT h.cycle_id, min(o.opened_at) AS opp_at, min(o.closed_at) FILTER (WHERE o.outcome = 'won') AS won_at
    FROM handoff_opportunity o JOIN handoff_handoff h ON h.id = o.handoff_id JOIN picked p ON p.id = h.cycle_id
    GROUP BY h.cycle_id
), noted AS (
    SELECT f.person, s.at FROM leads_stagechange s JOIN family f ON f.id = s.lead_id WHERE s.stage = 'sql'
), qualified AS (
    SELECT p.id, min(s.at) AS sql_at
    FROM picked p JOIN offers o ON o.cycle_id = p.id
    JOIN noted s ON s.person = p.person AND s.at >= o.accepted_at AND s.at <= coalesce(p.ended_at, 'infinity')
    GROUP BY p.id
), courses AS (
    SELECT p.id, p.person, p.lead_id, p.version_id, p.n, p.outcome, p.mql_at, o.handed_at, o.accepted_at,
        least(q.sql_at, d.opp_at) AS sql_at, d.opp_at, d.won_at, p.ended_at, o.rep_id
    FROM picked p LEFT JOIN offers o ON o.cycle_id = p.id LEFT JOIN deals d ON d.cycle_id = p.id
    LEFT JOIN qualified q ON q.id = p.id
)"""

PEOPLE = """
, units AS (
    SELECT min(id) FILTER (WHERE n = 1) AS id, person, min(lead_id) FILTER (WHERE n = 1) AS lead_id,
        min(version_id) FILTER (WHERE n = 1) AS version_id, 1 AS n,
        CASE WHEN bool_or(outcome = 'disqualified') THEN 'disqualified' ELSE '' END AS outcome,
        min(mql_at) AS mql_at, min(handed_at) AS handed_at, min(accepted_at) AS accepted_at, min(sql_at) AS sql_at,
        min(opp_at) AS opp_at, min(won_at) AS won_at,
        min(ended_at) FILTER (WHERE outcome = 'disqualified') AS ended_at, min(rep_id) FILTER (WHERE n = 1) AS rep_id
    FROM courses GROUP BY person
)"""

FACTS = """
, facts AS (
    SELECT u.*, l.source, l.campaign, coalesce(k.industry, '') AS industry, v.number AS version,
        t.id AS team, t.name AS team_name, to_char(u.mql_at AT TIME ZONE %(zone)s, 'YYYY-MM') AS month
    FROM {units} u JOIN leads_lead l ON l.id = u.lead_id LEFT JOIN leads_company k ON k.id = l.company_id
    JOIN scoring_modelversion v ON v.id = u.version_id
    LEFT JOIN accounts_user a ON a.id = u.rep_id LEFT JOIN accounts_team t ON t.id = a.team_id
    WHERE {conditions}
)"""

KEYS = {  # how a breakdown names its groups: what is told apart, and what the reader sees
    "month": ("month", "month"),
    "source": ("source", "source"),
    "campaign": ("campaign", "campaign"),
    "industry": ("industry", "industry"),
    "version": ("version::text", "version::text"),
    "team": ("coalesce(team::text, '')", "coalesce(team_name, '')"),
    "segment": ("s.id::text", "s.name"),
}
IN_SEGMENTS = (
    "JOIN nurturing_segmentmember b ON b.lead_id = x.person JOIN nurturing_segment s ON s.id = b.segment_id"
)


@dataclass(frozen=True)
class Row:
    """One group: `reached` at any age; `mature` and `hits` at the usual age of each stage and at the ages asked."""

    key: str
    label: str
    total: int
    reached: dict[str, int]
    mature: dict[int, int]
    hits: dict[tuple[str, int], int]


def with_courses(asked: Asked, unit: str = "") -> str:
    """The beginning of every question: facts, one row a unit, with the filters."""
    unit = unit or asked.unit
    people = unit == "people"
    conditions = [_condition(key, value) for key, value in asked.filters.items()]
    return (
        CYCLES
        + COURSES.format(picked=PICKED[unit])
        + (PEOPLE if people else "")
        + FACTS.format(units="units" if people else "courses", conditions=" AND ".join(conditions) or "true")
    )


def values(asked: Asked, zone: str, now: datetime) -> dict[str, Any]:
    filters = {key: "" if value == NONE else value for key, value in asked.filters.items()}
    return {**filters, "first": asked.first, "until": asked.until, "zone": zone, "now": now}


def _condition(key: str, value: str) -> str:
    if key == "segment":
        return (
            "EXISTS (SELECT 1 FROM nurturing_segmentmember b WHERE b.lead_id = u.person"
            " AND b.segment_id = %(segment)s::bigint)"
        )
    if key == "team":
        return "t.id IS NULL" if value == NONE else "t.id = %(team)s::bigint"
    column = {"version": "v.number", "industry": "coalesce(k.industry, '')"}.get(key, f"l.{key}")
    return f"{column} = %({key})s" + ("::int" if key == "version" else "")


def rows(asked: Asked, by: str, zone: str, now: datetime, ages: Iterable[int] = ()) -> list[Row]:
    """One query: a row a group, the largest first (months in their order); all in one without `by`."""
    ages = sorted({*ages, *DAYS.values()})
    key, label = KEYS[by] if by else ("''", "''")
    measures = ", ".join(_measures(ages))
    sql = (
        f"{with_courses(asked)} SELECT {key} AS key, min({label}) AS label, count(*), {measures}"
        f" FROM facts x {IN_SEGMENTS if by == 'segment' else ''} GROUP BY 1 ORDER BY 3 DESC, 1"
    )
    return [_row(found, ages) for found in ask(sql, values(asked, zone, now))]


def _measures(ages: Sequence[int]) -> list[str]:
    """Columns in the order in which `_row` reads them."""
    reached = [f"count({stage}_at)" for stage in ("handed", *STAGES)]
    mature = [f"count(*) FILTER (WHERE {is_mature(age)})" for age in ages]
    hits = [
        f"count(*) FILTER (WHERE {is_mature(age)} AND {in_time(stage, age)})"
        for stage in STAGES
        for age in ages
    ]
    return [*reached, *mature, *hits]


def is_mature(days: int) -> str:
    return f"mql_at <= %(now)s - interval '{days * 24} hours'"


def in_time(stage: str, days: int) -> str:
    return f"{stage}_at - mql_at <= interval '{days * 24} hours'"


def _row(found: Sequence[Any], ages: Sequence[int]) -> Row:
    key, label, total, *counted = found
    stages = ("handed", *STAGES)
    numbers = iter(counted)
    return Row(
        key or "",
        label or "",
        total,
        {stage: next(numbers) for stage in stages},
        {age: next(numbers) for age in ages},
        {(stage, age): next(numbers) for stage in STAGES for age in ages},
    )


def days_of(asked: Asked, months: Sequence[str], zone: str, now: datetime) -> dict[str, list[Day]]:
    """Of months that are too young: what happened on each day of their age, for the estimate; 1 query."""
    if not months:
        return {}
    goal = f"{asked.goal}_at"
    sql = f"""{with_courses(asked)}, told AS (
        SELECT month, {goal} IS NOT NULL AS hit, {goal} IS NULL AND ended_at IS NOT NULL AS gone,
            greatest(0, ceil(extract(epoch FROM coalesce({goal}, ended_at, %(now)s) - mql_at) / 86400))::int AS day
        FROM facts WHERE month = ANY(%(months)s))
        SELECT month, day, count(*) FILTER (WHERE hit), count(*) FILTER (WHERE gone),
            count(*) FILTER (WHERE NOT hit AND NOT gone) FROM told GROUP BY 1, 2"""
    found: dict[str, list[Day]] = {month: [] for month in months}
    for month, *numbers in ask(sql, {**values(asked, zone, now), "months": list(months)}):
        found[month].append(Day(*numbers))
    return found


ARRIVED = f"""arrived AS (
    SELECT l.id, l.id AS person, l.created_at, q.mql_at,
        l.created_at <= %(now)s - interval '{ARRIVED_DAYS * 24} hours' AS old
    FROM leads_lead l LEFT JOIN leads_company k ON k.id = l.company_id
    LEFT JOIN (SELECT person, min(mql_at) AS mql_at FROM cycles GROUP BY person) q ON q.person = l.id
    WHERE l.merged_into_id IS NULL AND l.created_at >= (%(first)s::timestamp AT TIME ZONE %(zone)s)
        AND l.created_at < (%(until)s::timestamp AT TIME ZONE %(zone)s) AND {{conditions}}
)"""


def arrivals(asked: Asked, zone: str, now: datetime) -> tuple[int, int, int]:
    """People who arrived in these months; those of them old enough, and became MQL in time; 1 query."""
    sql = f"""{arrived(asked)} SELECT count(*), count(*) FILTER (WHERE old),
        count(*) FILTER (WHERE old AND mql_at - created_at <= interval '{ARRIVED_DAYS * 24} hours')
        FROM arrived"""
    found: tuple[int, int, int] = ask(sql, values(asked, zone, now))[0]
    return found


def arrived(asked: Asked) -> str:
    return f"{CYCLES}, {ARRIVED.format(conditions=_of_people(asked))}"


def _of_people(asked: Asked) -> str:
    """Those filters that can be asked of a lead that was never qualified; callers see that there are no others."""
    conditions = [_condition(key, value).replace("u.person", "l.id") for key, value in asked.filters.items()]
    return " AND ".join(conditions) or "true"


PLAN = "SET LOCAL enable_nestloop = {0}; SET LOCAL jit = {0}"


@contextmanager
def reading() -> Iterator[None]:
    """Around the questions of one report: hashed joins alone. How many are first cycles can only be guessed by the
    planner, and row by row a wrong guess costs minutes."""
    with transaction.atomic():
        _plan("off")
        yield
        _plan("on")


def _plan(switch: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(PLAN.format(switch))


def ask(sql: str, params: dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()
