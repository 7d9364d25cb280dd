"""The same numbers once more, slowly: plain Python over raw rows, written from the agreed definitions.

Knows nothing of the reports' SQL. Sorting, counting and comparing instants is all it does.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from handoff.models import Handoff, Opportunity
from leads.models import Lead, LeadMerge, StageChange
from nurturing.models import SegmentMember
from scoring.models import QualificationCycle

STAGES = ("handed", "accepted", "sql", "opp", "won")


@dataclass
class Course:
    id: int
    person: int
    lead: Lead
    mql: datetime
    ended: datetime | None
    outcome: str
    version: int
    n: int = 0
    team: int | None = None
    at: dict[str, datetime] = field(default_factory=dict)
    segments: frozenset[int] = frozenset()


def person_of(leads: dict[int, Lead], pk: int) -> int:
    while leads[pk].merged_into_id is not None:
        pk = leads[pk].merged_into_id
    return pk


def courses() -> list[Course]:
    leads = {lead.pk: lead for lead in Lead.objects.select_related("company")}
    merged = {merge.loser_id: merge.at for merge in LeadMerge.objects.all()}
    tables = Tables(leads)
    members = defaultdict(set)
    for member in SegmentMember.objects.all():
        members[member.lead_id].add(member.segment_id)
    found = []
    for cycle in QualificationCycle.objects.select_related("version"):
        told_twice = (
            cycle.outcome == "expired"
            and cycle.lead_id in merged
            and cycle.closed_at >= merged[cycle.lead_id]
        )
        if told_twice:
            continue
        person = person_of(leads, cycle.lead_id)
        course = Course(
            cycle.pk,
            person,
            leads[cycle.lead_id],
            cycle.opened_at,
            cycle.closed_at,
            cycle.outcome,
            cycle.version.number,
        )
        course.segments = frozenset(members[person])
        milestones(course, tables)
        found.append(course)
    number(found)
    return found


def number(found: list[Course]) -> None:
    of_person = defaultdict(list)
    for course in found:
        of_person[course.person].append(course)
    for theirs in of_person.values():
        theirs.sort(key=lambda course: (course.mql, course.id))
        for n, course in enumerate(theirs, 1):
            course.n = n


class Tables:
    """What was read once, as it lies."""

    def __init__(self, leads: dict[int, Lead]) -> None:
        self.leads = leads
        self.handoffs = list(Handoff.objects.select_related("rep"))
        self.deals = list(Opportunity.objects.all())
        self.sqls = list(StageChange.objects.filter(stage="sql"))


def milestones(course: Course, tables: Tables) -> None:
    handoffs = [row for row in tables.handoffs if row.cycle_id == course.id]
    handoffs.sort(key=lambda row: (row.offered_at, row.pk))
    if not handoffs:
        return
    course.team = handoffs[0].rep.team_id
    earliest(course, "handed", [row.offered_at for row in handoffs])
    earliest(course, "accepted", [row.accepted_at for row in handoffs])
    deals = [row for row in tables.deals if row.handoff_id in {each.pk for each in handoffs}]
    earliest(course, "opp", [deal.opened_at for deal in deals])
    earliest(course, "won", [deal.closed_at for deal in deals if deal.outcome == "won"])
    accepted = course.at.get("accepted")
    noted = [
        change.at
        for change in tables.sqls
        if accepted
        and person_of(tables.leads, change.lead_id) == course.person
        and accepted <= change.at
        and (course.ended is None or change.at <= course.ended)
    ]
    earliest(course, "sql", [*noted, course.at.get("opp")])


def earliest(course: Course, stage: str, moments: list[datetime | None]) -> None:
    known = [moment for moment in moments if moment]
    if known:
        course.at[stage] = min(known)


def people(found: list[Course]) -> list[Course]:
    """A person is as old as their first cycle; what any of their cycles reached, they reached."""
    of_person = defaultdict(list)
    for course in found:
        of_person[course.person].append(course)
    result = []
    for theirs in of_person.values():
        first = next(course for course in theirs if course.n == 1)
        gone = [course.ended for course in theirs if course.outcome == "disqualified"]
        one = Course(
            first.id,
            first.person,
            first.lead,
            first.mql,
            min(gone, default=None),
            "",
            first.version,
            1,
            first.team,
        )
        one.segments = first.segments
        for stage in STAGES:
            earliest(one, stage, [course.at.get(stage) for course in theirs])
        result.append(one)
    return result


def unit(found: list[Course], which: str) -> list[Course]:
    if which == "people":
        return people(found)
    return [course for course in found if (course.n == 1) == (which == "first")]


def month(moment: datetime, zone: str) -> date:
    return moment.astimezone(ZoneInfo(zone)).date().replace(day=1)


def within(found: list[Course], first: date, last: date, zone: str) -> list[Course]:
    return [course for course in found if first <= month(course.mql, zone) <= last]


def rate(cohort: list[Course], stage: str, days: int, now: datetime) -> tuple[int, int, int]:
    """In time, mature, all."""
    length = timedelta(days=days)
    old = [course for course in cohort if now - course.mql >= length]
    hits = [course for course in old if stage in course.at and course.at[stage] - course.mql <= length]
    return len(hits), len(old), len(cohort)


def place(course: Course, moment: datetime) -> str:
    """Where it stands just before that instant: the furthest it has come; nowhere before it began or once it ended."""
    if not course.mql < moment or (course.ended is not None and course.ended < moment):
        return ""
    if "won" in course.at and course.at["won"] < moment:
        return "won"
    for stage in ("opp", "sql", "accepted", "handed"):
        if stage in course.at and course.at[stage] < moment:
            return stage
    return "mql"


def standing(found: list[Course], moment: datetime) -> Counter[str]:
    return Counter(place(course, moment) for course in found)
