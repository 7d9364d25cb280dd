"""The map, the history and one lead's way through a campaign: what is drawn, told and linked is what happened."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from nurturing import blocks, chronicle, demo_branches, ledger, mapping, trails
from nurturing.graph import Graph
from nurturing.models import Campaign, Message
from nurturing.services import advancing, campaigns, drafting
from tests.nurturing import factories

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]


def url(name: str, *args: Any) -> str:
    return reverse(f"nurturing:{name}", args=args)


def branching() -> Campaign:
    """A mail, then a condition: yes gets a department, no leaves; then a second mail a day later."""
    factories.organisation()
    campaign = factories.draft(name="Forked")
    factories.email(campaign, "First")
    version = campaigns.draft_of(campaign)
    asks = {"conditions": [{"field": "country", "op": "is", "value": "Norway"}]}
    fork = drafting.add_step(version=version, kind="condition")
    drafting.change_step(step=fork, settings={"ask": asks})
    field = drafting.add_step(version=version, kind="field", parent=fork, branch="yes")
    drafting.change_step(step=field, settings={"field": "department", "value": "Operations"})
    drafting.add_step(version=version, kind="exit", parent=fork, branch="no")
    factories.wait(campaign, 1440)
    factories.email(campaign, "Second")
    return campaign


def test_the_map_puts_branches_side_by_side_and_joins_those_that_go_on() -> None:
    campaign = branching()
    version = campaigns.draft_of(campaign)
    page = blocks.Page(Graph(version.steps.all()), {}, campaigns.surroundings(version))

    drawn = mapping.drawn(page.root)
    by_kind = {node.block.step.kind: node for node in drawn.nodes}

    assert len(drawn.nodes) == 6
    assert by_kind["field"].y == by_kind["exit"].y > by_kind["condition"].y
    assert by_kind["field"].x + mapping.WIDE < by_kind["exit"].x
    assert by_kind["wait"].y > by_kind["field"].y + mapping.HIGH
    assert len([line for line in drawn.lines if " H" in line]) == 3, "two ways out, one back"
    assert all(node.x >= 0 and node.x + mapping.WIDE <= drawn.width for node in drawn.nodes)
    assert all(node.y + mapping.HIGH <= drawn.height for node in drawn.nodes)


def test_the_map_is_a_drawing_and_a_list_that_lead_to_each_step(client_of: ClientOf, mara: User) -> None:
    campaign = branching()

    page = client_of(mara).get(url("map", campaign.pk)).content.decode()

    for step in campaigns.draft_of(campaign).steps.all():
        assert page.count(f"?step={step.pk}") == 2, "in the drawing and in the list"
    assert "No steps yet" in client_of(mara).get(url("map", factories.draft().pk)).content.decode()


def test_one_leads_way_names_every_step_its_outcome_and_what_comes_next(
    client_of: ClientOf, mara: User, rita: User, otto: User
) -> None:
    campaign = branching()
    campaigns.publish_version(campaign=campaign, actor=mara)
    campaign.refresh_from_db()
    run = factories.enrolled(campaign, owner=rita)
    advancing.advance_due()
    (held,) = ledger.claim(1)
    ledger.pass_fence(held)
    ledger.accept(held, "250")
    for _ in range(4):
        advancing.advance_due()
    run.refresh_from_db()

    stops = trails.stops(run)
    page = client_of(rita).get(url("trail", run.pk)).content.decode()

    assert [(stop.visit.step.kind, stop.says) for stop in stops] == [
        ("email", "Went on"),
        ("condition", "Yes"),
        ("field", "Went on"),
        ("wait", "Is here now"),
    ]
    assert trails.next_words(run) == ["step 6, E-mail: Second"]
    for words in ("Operations", "Then step 6", "Is here now"):
        assert words in page
    assert client_of(otto).get(url("trail", run.pk)).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_the_history_says_who_did_what_newest_first(client_of: ClientOf, mara: User) -> None:
    client = client_of(mara)
    campaign = factories.running()
    client.post(url("draft", campaign.pk))
    client.post(url("steps", campaign.pk), {"kind": "task", "parent": "", "branch": ""})
    client.post(url("state", campaign.pk, "discard"))
    client.post(url("state", campaign.pk, "pause"))
    Campaign.objects.filter(pk=campaign.pk).update(priority=1)

    page = client.get(url("history", campaign.pk)).content.decode()
    words = [entry.words for entry in chronicle.chapter(campaign).entries]

    assert "Paused" in words
    assert "Began a draft of version 2" in words
    assert "Discarded the draft of version 2" in words
    assert (
        words.index("Paused")
        < words.index("Discarded the draft of version 2")
        < words.index("Made the campaign")
    )
    assert mara.name in page
    assert "Priority: 3, usual → 1, most important" in page


@pytest.mark.django_db(transaction=True)
def test_a_long_history_comes_in_pages_that_lose_nothing(client_of: ClientOf, mara: User) -> None:
    campaign = factories.draft()
    for number in range(2 * chronicle.SIZE + 9):
        Campaign.objects.filter(pk=campaign.pk).update(name=f"Name {number}")

    found, until, pages = [], None, 0
    while until is not None or not pages:
        chapter = chronicle.chapter(campaign, until)
        found += chapter.entries
        until, pages = chapter.older, pages + 1

    assert len(found) == len({entry.detail for entry in found}) == 2 * chronicle.SIZE + 10
    assert client_of(mara).get(url("history", campaign.pk) + "?until=nonsense").status_code == 200


def test_the_demo_campaign_has_people_on_every_way(mara: User) -> None:
    factories.organisation()
    now = timezone.now()
    people = [factories.lead(created_at=now - timedelta(days=40)) for _ in range(60)]

    sent = demo_branches.load(
        dice=random.Random(5), segment=factories.segment(), actor=mara, people=people, now=now
    )

    campaign = Campaign.objects.get(name="Rota check")
    visited = set(campaign.enrolments.values_list("visits__step__kind", flat=True))
    assert sent == Message.objects.filter(enrolment__campaign=campaign).count() > 60
    assert visited >= {"email", "event", "split", "condition", "task", "wait"}
    assert campaign.enrolments.filter(ended_at=None).exists()
    assert campaign.enrolments.filter(ended_because="completed").exists()
