"""The page of machines: what is held back and why, letting it count, and rules."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import User
from leads.models import Activity, Hit, HitRule, Lead
from leads.services import hits, verdicts
from tests.browser import PageAs

pytestmark = pytest.mark.django_db
ROBOT = "Googlebot/2.1"


def held_back(number: int = 1, **values: Any) -> Hit:
    """A page that a crawler looked at in a lead's name."""
    at = timezone.now() - timedelta(hours=1)
    name = {"first_name": "Lea", "last_name": f"Berg {number}"}
    lead = Lead.objects.create(email=f"lead{number}@buyer.example", created_at=at, **name)
    row = {
        "kind": "view",
        "activity": "page_view",
        "at": at,
        "detail": "/pricing",
        "agent": ROBOT,
        "settled_at": at,
    }
    hit = Hit.objects.create(lead=lead, **{"address": "203.0.113.7", **row, **values})
    hits.judge_views([hit])
    return hit


def scores(hit: Hit) -> bool:
    return not Activity.objects.get(lead=hit.lead_id).shape.machine


def test_each_hit_says_what_why_and_how_sure(client_of: Callable[..., Client], mara: User) -> None:
    held_back(campaign="Autumn")

    page = client_of(mara).get("/machines/").text

    for words in (
        "Lea Berg 1",
        "Looked at a page",
        "Autumn",
        "Known program, not a browser",
        "over 99%",
        "203.0.113.7",
    ):
        assert words in page


def test_a_released_hit_counts_and_can_be_held_back_again(
    client_of: Callable[..., Client], mara: User
) -> None:
    hit, client = held_back(), client_of(mara)
    assert not scores(hit)

    answer = client.post(f"/machines/{hit.pk}/decision/", {"person": "1", "back": "/machines/?kind=view"})
    assert (answer.url, scores(hit)) == ("/machines/?kind=view", True)
    assert "A person, says a colleague: Mara Marketer" in client.get("/machines/?show=released").text

    client.post(f"/machines/{hit.pk}/decision/", {"person": "0", "back": "https://evil.example/"})
    assert not scores(hit)


def test_all_of_a_network_are_released_by_a_rule_that_is_kept_with_its_author(
    client_of: Callable[..., Client], mara: User
) -> None:
    ours, other, client = held_back(1), held_back(2, address="198.51.100.1"), client_of(mara)
    address = "/machines/rules/new/?kind=network&who=people&pattern=203.0.113.7/24"
    assert "speaks of 1 hit on file" in client.get(address).text

    client.post("/machines/rules/new/", {"kind": "network", "pattern": "203.0.113.7/24", "who": "people"})
    verdicts.judge_again()

    rule = HitRule.objects.get()
    assert (rule.pattern, rule.created_by, scores(ours), scores(other)) == (
        "203.0.113.0/24",
        mara,
        True,
        False,
    )
    client.post(f"/machines/rules/{rule.pk}/removal/")
    verdicts.judge_again()
    assert not scores(ours)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"kind": "network", "pattern": "10.0.0.300"}, "Write an address or a range"),
        ({"kind": "agent", "pattern": "a"}, "at least 4 characters"),
        ({"kind": "domain", "pattern": "buyer.example"}, "Say how many seconds"),
        ({"kind": "planet", "pattern": "mars"}, "Select a valid choice"),
    ],
)
def test_a_wrong_rule_is_refused_by_name_and_stays_as_typed(
    client_of: Callable[..., Client], mara: User, typed: dict[str, str], said: str
) -> None:
    answer = client_of(mara).post("/machines/rules/new/", typed | {"who": "machines"})

    assert answer.status_code == 422
    assert said in answer.text
    assert f'value="{typed["pattern"]}"' in answer.text
    assert not HitRule.objects.exists()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("reason=agent", True), ("reason=trap", False), ("agent=googlebot", True), ("network=203.0.113.0/24", True),
        ("network=10.0.0.0/8", False), ("campaign=aut", True), ("kind=click", False), ("network=nonsense", True),
        ("cursor=%00&agent=%00", True),
    ],
)  # fmt: skip
def test_filters(client_of: Callable[..., Client], mara: User, query: str, found: bool) -> None:
    held_back(campaign="Autumn")

    page = client_of(mara).get(f"/machines/?{query}")

    assert page.status_code == 200
    assert ("Lea Berg 1" in page.text) is found


def test_a_long_list_has_pages_and_no_more_queries(client_of: Callable[..., Client], mara: User) -> None:
    client, counts = client_of(mara), []
    for number in range(30):
        held_back(number)
        if number in (0, 29):
            with CaptureQueriesContext(
                connection,
            ) as queries:
                page = client.get("/machines/").text
            counts.append(len(queries))

    assert counts[0] == counts[1]
    assert 'rel="next"' in page


def test_a_marketer_filters_releases_and_writes_a_rule(page_as: PageAs, axe: Any, mara: User) -> None:
    hit = held_back()
    page = page_as(mara, "/machines/", width=390, theme="dark")
    axe(page)

    page.get_by_role("link", name="program (").click()
    axe(page)
    expect(page.get_by_label("Which one")).to_have_value(ROBOT)
    page.get_by_role("button", name="Save the rule").click()
    expect(page.locator("#toasts")).to_contain_text("the rule holds")
    axe(page)

    page.get_by_role("link", name="Held back").click()
    page.get_by_role("button", name="Release").click()
    expect(page.locator("#toasts")).to_contain_text("it counts now")
    expect(page.get_by_text("Nothing is held back")).to_be_visible()
    axe(page)
    hit.refresh_from_db()
    assert hit.decided_by == mara
