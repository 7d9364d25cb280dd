"""The pages of the reports: who reads them, what they say, what nonsense in an address does, and their files."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from handoff.clock import database_now
from leads.models import Lead
from scoring.models import QualificationCycle
from tests.handoff.factories import make_lead, make_version

pytestmark = pytest.mark.django_db
PAGES = (
    "/reports/",
    "/reports/in-and-out/",
    "/reports/leads/",
    "/reports/promises/",
    "/reports/promises/clocks/",
)
FILES = ("/reports/funnel.csv", "/reports/leads.csv")


def qualified(source: str = "Webinar", days: int = 60, **fields) -> QualificationCycle:
    lead = make_lead(source=source, **fields)
    at = database_now() - timedelta(days=days)
    return QualificationCycle.objects.create(
        lead=lead,
        n=1,
        version=make_version(),
        cause="threshold",
        reason="",
        total=70,
        band="A1",
        opened_at=at,
    )


def read(client, path: str, **asked) -> str:
    response = client.get(path, asked)
    assert response.status_code == 200
    return (b"".join(response.streaming_content) if response.streaming else response.content).decode()


def test_marketing_managers_and_admins_read_reports_and_reps_do_not(client, client_of, mara, max, ada, rita):
    for path in (*PAGES, *FILES):
        assert client.get(path).status_code == 302
        assert client_of(rita).get(path).status_code == 403
        for user in (mara, max, ada):
            assert client_of(user).get(path).status_code == 200
        assert client_of(mara).post(path).status_code == 405


def test_a_share_is_hidden_under_twenty_cases_and_has_its_base_above(client_of, mara):
    for _ in range(19):
        qualified()

    assert "fewer than 20" in read(client_of(mara), "/reports/")

    qualified()
    page = read(client_of(mara), "/reports/")
    assert "0.0%" in page
    assert "20</span></a> of" in page


def test_an_empty_installation_says_so(client_of, mara):
    assert "No MQL in these months" in read(client_of(mara), "/reports/")
    assert "Each row adds up" in read(client_of(mara), "/reports/in-and-out/")
    assert "Nobody" in read(client_of(mara), "/reports/leads/")


@pytest.mark.parametrize(
    "asked",
    [
        {"from": "0001-01", "to": "9999-12"},
        {"from": "2026-13", "to": "x", "unit": "cats", "goal": "'", "days": "-1", "by": "%s"},
        {"from": "9999-12", "segment": "9" * 30, "team": "-1", "version": "¹"},
        {"source": "\x00", "campaign": "%(now)s", "industry": "x" * 5000},
        {"stage": "; DROP", "how": "?", "age": "0", "way": "flow", "key": "'", "after": "////"},
        {"stage": "arrived", "unit": "again", "way": "month", "key": "\x00", "after": "WzEsMl0"},
        {"after": "WyIyMDI2LTAxLTAxIiw5OTk5OTk5OTk5OTk5OTk5OTk5OTk5XQ"},
    ],
)
def test_nonsense_in_the_address_is_as_if_nothing_had_been_said(client_of, mara, asked):
    qualified()
    for path in (*PAGES, *FILES):
        assert read(client_of(mara), path, **asked) is not None


def test_pages_ask_as_many_questions_for_one_lead_as_for_many(client_of, mara, django_assert_max_num_queries):
    client = client_of(mara)
    qualified()
    for path in PAGES:
        with CaptureQueriesContext(connection) as few:
            read(client, path)
        assert len(few) < 25

        for place in range(25):
            qualified(source=f"Source {place}", days=20 * place)

        with django_assert_max_num_queries(len(few)):
            read(client, path)


def test_files_guard_cells_that_a_spreadsheet_would_run(client_of, mara):
    qualified(source="=HYPERLINK(1)", name="+49 Evil")

    assert "'=HYPERLINK(1)" in read(client_of(mara), "/reports/funnel.csv")
    assert "'+49 Evil" in read(client_of(mara), "/reports/leads.csv")


def test_the_list_names_whoever_a_merged_lead_is_now(client_of, mara):
    cycle = qualified(name="Old Name")
    winner = make_lead("New Name")
    Lead.objects.filter(pk=cycle.lead_id).update(merged_into=winner)

    page = read(client_of(mara), "/reports/leads/")

    assert "New Name" in page
    assert "Old Name" not in page
