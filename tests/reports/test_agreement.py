"""The reports against the slow oracle, on random histories; and against a file that anybody can count."""

from __future__ import annotations

import csv
import gzip
import os
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings

from handoff.clock import database_now
from handoff.models import Handoff, Opportunity
from leads.models import Lead
from reports import behind, courses, stays
from reports.asked import UNITS, WAYS, Asked
from reports.rates import Day
from scoring.models import QualificationCycle
from tests.reports import oracle
from tests.reports.histories import World

pytestmark = pytest.mark.django_db
ZONE = "America/St_Johns"  # three and a half hours behind: month borders are not the database's
AGES = (14, 30, 90, 180)
EVERY = int(os.environ.get("TANDEM_OLIST_EVERY", "3"))  # 1 loads the whole file
OLIST = Path(os.environ.get("TANDEM_SHARED", settings.ROOT.parent / "shared")) / "data" / "olist"


@pytest.fixture(scope="module")
def drawn(django_db_setup, django_db_blocker):
    """One world for all questions: they only read."""
    from django.db import transaction

    with django_db_blocker.unblock(), transaction.atomic():
        now = database_now()
        world = World(11, now)
        world.populate(90)
        yield world, oracle.courses(), now
        transaction.set_rollback(True)


def asked(now: datetime, months: int = 20, **more: str) -> Asked:
    today = now.astimezone(ZoneInfo(ZONE)).date()
    said = Asked.of(more, today)
    return Asked.of({**more, "from": f"{said.last.replace(year=said.last.year - 2):%Y-%m}"}, today)


KEYS = {
    "month": lambda course: {f"{oracle.month(course.mql, ZONE):%Y-%m}"},
    "source": lambda course: {course.lead.source},
    "campaign": lambda course: {course.lead.campaign},
    "industry": lambda course: {course.lead.company.industry if course.lead.company else ""},
    "version": lambda course: {str(course.version)},
    "team": lambda course: {str(course.team or "")},
    "segment": lambda course: {str(pk) for pk in course.segments},
}


@pytest.mark.parametrize("unit", UNITS)
def test_every_breakdown_agrees_with_the_oracle(drawn, unit):
    _, found, now = drawn
    question = asked(now, unit=unit)
    cohort = oracle.within(oracle.unit(found, unit), question.first, question.last, ZONE)
    assert len(cohort) > 10

    for way in WAYS:
        expected = defaultdict(list)
        for course in cohort:
            for key in KEYS[way](course):
                expected[key].append(course)
        rows = {row.key: row for row in courses.rows(question, way, ZONE, now, AGES)}
        assert set(rows) == set(expected)
        for key, group in expected.items():
            row = rows[key]
            assert row.total == len(group)
            assert row.reached == {stage: sum(stage in one.at for one in group) for stage in oracle.STAGES}
            for (stage, days), hits in row.hits.items():
                assert (hits, row.mature[days], row.total) == oracle.rate(group, stage, days, now)


@pytest.mark.parametrize(
    "filters",
    [
        {"source": "Webinar"},
        {"industry": "energy", "campaign": "Autumn"},
        {"version": "91"},
        {"team": "-"},
        {},
    ],
)
def test_filters_and_the_days_behind_an_estimate_agree(drawn, filters):
    world, found, now = drawn
    filters = filters or {"segment": str(world.segments[0].pk)}
    question = asked(now, unit="first", **filters)
    cohort = [
        course
        for course in oracle.within(oracle.unit(found, "first"), question.first, question.last, ZONE)
        if all((value if value != "-" else "") in KEYS[way](course) for way, value in filters.items())
    ]
    assert cohort

    rows = courses.rows(question, "month", ZONE, now, AGES)
    days = courses.days_of(question, [row.key for row in rows], ZONE, now)

    assert sum(row.total for row in rows) == len(cohort)
    assert {key: sorted(steps, key=lambda step: step.day) for key, steps in days.items()} == _days(
        cohort, now
    )


def _days(cohort, now):
    """{month: what happened on each whole day of age, counted up}."""
    counts = defaultdict(lambda: defaultdict(Counter))
    for course in cohort:
        what, at = "open", now
        if "sql" in course.at:
            what, at = "reached", course.at["sql"]
        elif course.ended:
            what, at = "ended", course.ended
        day = max(0, -((course.mql - at) // timedelta(days=1)))
        counts[f"{oracle.month(course.mql, ZONE):%Y-%m}"][day][what] += 1
    return {month: [Day(day, **found[day]) for day in sorted(found)] for month, found in counts.items()}


def test_arrivals_agree(drawn):
    _, found, now = drawn
    question = asked(now)
    old = timedelta(days=90)
    first = {course.person: course.mql for course in found if course.n == 1}
    here = [
        lead
        for lead in Lead.objects.filter(merged_into=None)
        if question.first <= oracle.month(lead.created_at, ZONE) <= question.last
    ]
    grown = [lead for lead in here if now - lead.created_at >= old]
    became = [lead for lead in grown if lead.pk in first and first[lead.pk] - lead.created_at <= old]

    assert courses.arrivals(question, ZONE, now) == (len(here), len(grown), len(became))


def test_in_and_out_agrees_at_each_border_and_every_row_adds_up(drawn):
    _, found, now = drawn
    zone = ZoneInfo(ZONE)
    seen = 0
    for back in (1, 4, 9):
        question = Asked.of({"from": f"{now - timedelta(days=30 * back + 60):%Y-%m}"}, now.date())
        flow = stays.flow(question, ZONE, now)
        borders = [datetime(day.year, day.month, 1, tzinfo=zone) for day in (question.first, question.until)]
        start, end = (oracle.standing(found, border) for border in borders)

        for place in flow.places[1:]:
            assert place.counts["start"] == start[place.key]
            assert place.counts["end"] == end[place.key]
            seen += place.counts["moved"]
        assert flow.reconciles
    assert seen


def test_every_number_opens_as_many_rows(drawn, mara):
    _, _, now = drawn
    for unit in UNITS:
        question = asked(now, unit=unit)
        for row in courses.rows(question, "team", ZONE, now):
            of = {"way": "team", "key": row.key}
            assert listed(mara, question, now, stage="mql", **of) == row.total
            assert listed(mara, question, now, stage="won", **of) == row.reached["won"]
            assert listed(mara, question, now, stage="mql", how="mature", age="30", **of) == row.mature[30]
            assert (
                listed(mara, question, now, stage="sql", how="in_time", age="30", **of) == row.hits["sql", 30]
            )
    for place in stays.flow(question, ZONE, now).places:
        for move, count in place.counts.items():
            assert listed(mara, question, now, way="flow", stage=place.key, how=move) == count


def listed(user, question, now, **which):
    chosen = behind.Which.of(which, question)
    entries, cursor, pages = [], "", 0
    while not pages or cursor:
        rows, cursor = behind.page(user, question, chosen, ZONE, now, cursor, 40)
        entries += rows
        pages += 1
    assert len({(entry.id, entry.lead.pk) for entry in entries}) == len(entries)
    return len(entries)


@pytest.mark.skipif(not OLIST.exists(), reason="the Olist files are not here")
def test_olist_rates_equal_what_the_file_says(person):
    """Each contact is an MQL of its day; a deal is accepted, an opportunity and won at once."""
    contacts, deals = _olist()
    now = database_now()
    _load_olist(contacts, deals, person)
    question = Asked.of({"from": "2017-06", "to": "2018-05", "by": "source"}, now.date())

    for way, key in (
        ("month", lambda row: row["first_contact_date"][:7]),
        ("source", lambda row: row["origin"]),
    ):
        with courses.reading():
            rows = {row.key: row for row in courses.rows(question, way, "UTC", now, (30, 60, 90))}
        expected = Counter(map(key, contacts))
        assert {name: row.total for name, row in rows.items()} == dict(expected)
        for days in (30, 60, 90):
            won = Counter(
                key(row) for row in contacts if _age(row, deals) is not None and _age(row, deals) <= days
            )
            assert {
                name: row.hits["won", days] for name, row in rows.items() if row.hits["won", days]
            } == dict(won)


def _olist():
    with gzip.open(OLIST / "mqls_dev.csv.gz", "rt") as file:
        contacts = list(csv.DictReader(file))[::EVERY]
    with gzip.open(OLIST / "closed_deals_dev.csv.gz", "rt") as file:
        deals = {row["mql_id"]: row["won_date"] for row in csv.DictReader(file)}
    return contacts, deals


def _age(row, deals):
    """In days and parts of a day, from the first contact."""
    won = deals.get(row["mql_id"])
    if won is None:
        return None
    return (datetime.fromisoformat(won) - datetime.fromisoformat(row["first_contact_date"])) / timedelta(
        days=1
    )


def _load_olist(contacts, deals, person):
    world = World(1, database_now())
    stage, rep = world.stages["won"], person("Sara Rep", "rep")
    utc = ZoneInfo("UTC")
    days = [datetime.fromisoformat(row["first_contact_date"]).replace(tzinfo=utc) for row in contacts]
    leads = Lead.objects.bulk_create(
        Lead(source=row["origin"], created_at=day) for row, day in zip(contacts, days, strict=True)
    )
    won = [deals.get(row["mql_id"]) for row in contacts]
    won = [datetime.fromisoformat(each).replace(tzinfo=utc) if each else None for each in won]
    cycles = QualificationCycle.objects.bulk_create(
        QualificationCycle(
            lead=lead,
            n=1,
            version=world.versions[0],
            cause="threshold",
            reason="",
            total=70,
            band="A1",
            opened_at=day,
            closed_at=end,
            outcome="customer" if end else "",
        )
        for lead, day, end in zip(leads, days, won, strict=True)
    )
    handoffs = Handoff.objects.bulk_create(
        Handoff(
            cycle=cycle,
            lead=cycle.lead,
            rep=rep,
            routed_because="",
            offered_at=cycle.closed_at,
            accepted_at=cycle.closed_at,
        )
        for cycle in cycles
        if cycle.closed_at
    )
    Opportunity.objects.bulk_create(
        Opportunity(
            handoff=row,
            lead=row.lead,
            owner=rep,
            name="Seller",
            stage=stage,
            outcome="won",
            opened_at=row.accepted_at,
            closed_at=row.accepted_at,
        )
        for row in handoffs
    )
