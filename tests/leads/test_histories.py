"""Fields of many leads as they were: the same answers as for one lead at one instant, at every instant."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from leads import fields
from leads.histories import eras_of
from leads.models import Company, Lead
from leads.services.people import update_fields, upsert_lead

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 11, 16, 9, tzinfo=UTC)
KEYS = ["title", "email_class", "industry", "technologies", "custom.plan", "custom.seats"]


def told(eras, row, at):
    """What the eras say of one lead at an instant."""
    moment = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    known = [n for n in range(eras.starts[row], eras.stops[row]) if eras.since[n] <= moment]
    if not known:
        return dict.fromkeys(KEYS)
    return {key: column.read(column.values[column.codes[known[-1]]]) for key, column in eras.columns.items()}


def day(n):
    return MONDAY + timedelta(days=n)


@pytest.fixture
def people():
    """One who changed much, one who moved to another company, one written once, one of whom nothing is known."""
    jane, _ = upsert_lead(
        values={"title": "Analyst", "industry": "retail", "custom.plan": "free"},
        source="import",
        email="jane@acme.example",
        at=day(0),
    )
    update_fields(lead=jane, values={"title": "CEO", "custom.seats": 5}, source="api", at=day(3))
    update_fields(lead=jane, values={"industry": "energy"}, source="api", at=day(5))
    tom, _ = upsert_lead(
        values={"title": "Planner", "company": "Old Ltd"}, source="api", email="tom@gmail.com", at=day(1)
    )
    update_fields(lead=tom, values={"company": "New Ltd", "title": "Director"}, source="typed", at=day(4))
    once, _ = upsert_lead(
        values={"title": "Founder", "industry": "mining", "technologies": "SAP, Jira"},
        source="form",
        email="once@b.example",
        at=day(2),
    )
    nobody, _ = upsert_lead(values={}, source="api")
    return sorted([jane, tom, once, nobody], key=lambda lead: lead.pk)


def test_many_leads_have_the_values_that_each_has_alone(people):
    eras = eras_of([lead.pk for lead in people], KEYS)

    for row, lead in enumerate(people):
        for at in (day(n) + timedelta(seconds=shift) for n in range(-1, 7) for shift in (-1, 0, 1)):
            alone = fields.values_as_of(lead, at)
            assert told(eras, row, at) == {key: alone.get(key) for key in KEYS}, (lead, at)


def test_the_number_of_queries_does_not_grow(people, django_assert_max_num_queries):
    with django_assert_max_num_queries(2):
        eras_of([lead.pk for lead in people], KEYS)


def test_a_lead_without_a_history_stands_as_today_since_it_was_created_and_is_counted(people):
    company = Company.objects.create(name="Past", industry="steel")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        lead = Lead.objects.create(title="Ghost", company=company, created_at=day(2))
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")

    eras = eras_of([*(person.pk for person in people), lead.pk], KEYS)

    assert eras.unrecorded == 1
    assert told(eras, len(people), day(2))["title"] == "Ghost"
    assert told(eras, len(people), day(2))["industry"] == "steel"
    assert told(eras, len(people), day(1))["title"] is None


def test_no_fields_asked_for_is_no_query_at_all(people, django_assert_num_queries):
    with django_assert_num_queries(0):
        eras = eras_of([people[0].pk], [])

    assert eras.columns == {}
    assert eras.starts.tolist() == eras.stops.tolist() == [0]
