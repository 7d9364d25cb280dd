"""Campaigns to start from, and the dry run: what would happen, without anything happening."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from nurturing import content, rehearsing
from nurturing.models import Campaign
from nurturing.programmes import PROGRAMMES, lines
from nurturing.services import campaigns, drafting, templates
from tests.nurturing import factories
from tests.nurturing.test_editor import branching

pytestmark = pytest.mark.django_db
NOW = datetime(2027, 3, 26, 15, 0, tzinfo=ZoneInfo("UTC"))  # a Friday; the clocks of Europe change on Sunday


@pytest.fixture
def marketer(client_of: Callable[[User], Client], mara: User) -> Client:
    return client_of(mara)


def url(name: str, *args: Any) -> str:
    return reverse(f"nurturing:{name}", args=args)


def rehearsed(campaign: Campaign, **lead: Any) -> rehearsing.Rehearsal:
    version = campaigns.draft_of(campaign)
    person = factories.lead(**lead)
    return rehearsing.Rehearsal(version, person, NOW, campaigns.surroundings(version), "Europe/Berlin")


@pytest.mark.parametrize("key", list(PROGRAMMES))
def test_each_template_makes_a_campaign_that_could_go_live(marketer: Client, key: str) -> None:
    factories.organisation()
    typed = {
        "name": key,
        "segment": factories.segment().pk,
        "goal": "mql",
        "cool_down_days": 30,
        "start": key,
    }

    marketer.post(url("campaign_new"), typed)

    draft = Campaign.objects.get(name=key).versions.get()
    assert draft.steps.count() == len(list(lines(PROGRAMMES[key].steps)))
    found = [each.text for each in campaigns.problems(draft) if "scoring model has no rule" not in each.text]
    assert found == []
    assert all(content.links(step) or step.subject for step in draft.steps.filter(kind="email"))


def test_a_draft_with_steps_is_not_overwritten() -> None:
    campaign = factories.draft()
    factories.wait(campaign)

    with pytest.raises(drafting.NotPossible, match="has steps already"):
        templates.fill(version=campaigns.draft_of(campaign), programme=PROGRAMMES["welcome"])


def test_the_new_page_shows_what_the_templates_hold_and_refuses_one_that_is_none(marketer: Client) -> None:
    text = marketer.get(url("campaign_new")).text
    refused = marketer.post(url("campaign_new"), {"name": "X", "start": "nonsense"})

    assert "Should we stop writing?" in text
    assert refused.status_code == 422
    assert not Campaign.objects.exists()


def test_a_dry_run_names_each_step_with_its_date_in_the_leads_own_zone() -> None:
    campaign, steps = branching()
    window = {"days": [0, 1, 2, 3, 4], "opens": 480, "closes": 600}
    drafting.change_step(step=steps["wait"], settings={"minutes": 1440, "window": window})

    run = rehearsed(campaign, time_zone="Asia/Tokyo")

    assert [line.number for line in run.lines] == [1, 2, 3, 5, 6]
    assert run.lines[0].day == "27 Mar 2027, 00:00"
    assert run.lines[2].day == "29 Mar 2027, 08:00"
    assert "The sheet" in run.lines[2].open_ways[0]


def test_conditions_on_the_lead_are_asked_now() -> None:
    campaign, steps = branching()
    ask = {"ask": {"conditions": [{"field": "country", "op": "is", "value": "Norway"}]}}
    drafting.change_step(step=steps["ask"], settings=ask)

    there, elsewhere = rehearsed(campaign), rehearsed(campaign, country="Chile")

    assert [line.title for line in there.lines][-1] == "E-mail: The sheet"
    assert [line.title for line in elsewhere.lines][-1] == "E-mail: What a night shift costs"


def test_a_dry_run_writes_nothing_and_says_what_speaks_against_it(marketer: Client) -> None:
    campaign, _ = branching()
    lead = factories.lead(country="Chile", stage="customer")
    marketer.get(url("rehearsal", campaign.pk))

    with CaptureQueriesContext(connection) as seen:
        text = marketer.get(url("rehearsal", campaign.pk), {"lead": lead.email}).text

    written = [query["sql"] for query in seen if query["sql"].split()[0] in ("INSERT", "UPDATE", "DELETE")]
    assert written == []
    for words in (
        "Sales took over",
        "not running",
        "not in the campaign&#x27;s segment",
        "Where your overtime",
    ):
        assert words in text
    assert "Nobody to try it with" not in text
