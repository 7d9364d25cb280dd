"""Fields for rules: many leads at once, and one lead at any instant."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from leads import fields
from leads.models import Lead
from leads.services.people import update_fields, upsert_lead

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 11, 16, 9, tzinfo=UTC)


def test_columns_stand_beside_the_ids_and_unknown_is_none(django_assert_num_queries):
    jane, _ = upsert_lead(
        values={"title": "CEO", "employees": 640, "custom.plan": "pro"}, source="api", email="jane@acme.de"
    )
    anonymous, _ = upsert_lead(values={}, source="api")

    with django_assert_num_queries(1):
        columns = fields.columns([anonymous.pk, jane.pk, 0])

    assert columns["title"] == [None, "CEO", None]
    assert columns["email_class"] == [None, "business", None]
    assert columns["employees"] == [None, 640, None]
    assert columns["custom.plan"] == [None, "pro", None]


def test_only_the_keys_that_are_asked_for_are_answered():
    jane, _ = upsert_lead(values={"title": "CEO"}, source="api", email="jane@acme.de")

    assert fields.columns([jane.pk], ["seniority", "custom.nothing"]) == {
        "seniority": ["c_level"],
        "custom.nothing": [None],
    }


def test_own_fields_are_listed_with_the_others():
    upsert_lead(values={"custom.shoe_size": 38}, source="api", email="jane@acme.de")

    field = fields.all_fields()["custom.shoe_size"]

    assert (field.label, field.type, field.group) == ("Shoe size", "number", "custom")


def test_values_are_known_from_the_moment_somebody_said_them():
    jane, _ = upsert_lead(values={"title": "Analyst"}, source="import", email="jane@acme.de", at=MONDAY)
    update_fields(
        lead=jane, values={"title": "CEO", "employees": 640}, source="import", at=MONDAY + timedelta(days=7)
    )

    before = fields.values_as_of(jane, MONDAY - timedelta(seconds=1))
    then = fields.values_as_of(jane, MONDAY + timedelta(days=1))
    later = fields.values_as_of(jane, MONDAY + timedelta(days=7))

    assert before["title"] is None
    assert (then["title"], then["employees"]) == ("Analyst", None)
    assert (later["title"], later["seniority"], later["employees"]) == ("CEO", "c_level", 640)


def test_values_of_now_are_the_columns():
    jane, _ = upsert_lead(
        values={"title": "CEO", "company": "Acme", "custom.plan": "pro", "technologies": "SAP, Jira"},
        source="form",
        email="jane@acme.de",
    )

    columns = fields.columns([jane.pk])

    assert fields.values_as_of(jane, timezone.now()) == {key: values[0] for key, values in columns.items()}


def test_read_raw_an_address_says_the_same_about_its_domain_and_kind():
    locals_ = [
        "info",
        "Hello",
        "no-reply",
        "noreply",
        "john.smith",
        "mar\u212aeting",
        "x",
        "ab",
        "j2",
    ]
    locals_ += ["newsletter", "newsletters", "jobs.", "_hr", "a-b", "İhr"]
    domains = ["acme.de", "Gmail.com", "mailinator.com", "x"]
    odd = ["", "nobody", "@acme.de", "a@b@gmail.com", "info@@gmail.com", "a@"]
    emails = [f"{local}@{domain}" for local in locals_ for domain in domains] + odd
    ids = [Lead.objects.create(email=email, created_at=MONDAY).pk for email in emails]

    raw = fields.raw_columns(ids, ["email_domain", "email_class"])

    for key, whole in fields.columns(ids, ["email_domain", "email_class"]).items():
        assert [raw[key].read(value) for value in raw[key].values] == whole
