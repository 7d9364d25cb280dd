"""The editor's page: nested lists, numbers, places to move to, and the same work for ten steps and a hundred."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from nurturing.content.schema import from_text
from nurturing.models import Campaign, Step
from nurturing.services import advancing, campaigns, drafting
from tests.nurturing import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def marketer(client_of: Callable[[User], Client], mara: User) -> Client:
    return client_of(mara)


def url(name: str, *args: Any) -> str:
    return reverse(f"nurturing:{name}", args=args)


def branching(**values: Any) -> tuple[Campaign, dict[str, Step]]:
    """Mail, condition on its click; a mail for those who did, a wait and a mail for the others; points at the end."""
    factories.organisation()
    campaign = factories.draft(**values)
    version = campaigns.draft_of(campaign)
    steps = {"mail": factories.email(campaign, "Where your overtime comes from")}
    steps["wait"] = factories.wait(campaign, 7200)
    ask = {"ask": {"mail": str(steps["mail"].key), "did": "click"}}
    steps["ask"] = drafting.add_step(version=version, kind="condition")
    drafting.change_step(step=steps["ask"], settings=ask)
    steps["yes"] = drafting.add_step(version=version, kind="email", parent=steps["ask"], branch="yes")
    drafting.change_step(step=steps["yes"], subject="The sheet", content=from_text("Hello, here it is."))
    steps["pause"] = drafting.add_step(version=version, kind="wait", parent=steps["ask"], branch="no")
    steps["no"] = drafting.add_step(version=version, kind="email", parent=steps["ask"], branch="no")
    drafting.change_step(
        step=steps["no"], subject="What a night shift costs", content=from_text("Hello again.")
    )
    return campaign, steps


def test_steps_are_nested_lists_that_read_in_order(marketer: Client) -> None:
    campaign, steps = branching()

    text = marketer.get(url("campaign", campaign.pk)).text

    order = [
        "Where your overtime",
        "Wait 5 days",
        "Clicked the mail?",
        "Yes",
        "The sheet",
        "Wait 3 days",
        "night shift",
    ]
    places = [text.index(words, text.index('aria-label="Steps"')) for words in order]
    assert places == sorted(places)
    assert text.count('<ol class="flow"') == 3
    assert f'name="parent" value="{steps["ask"].pk}"' in text


def test_a_step_is_added_to_a_branch_moved_out_of_it_copied_and_removed(marketer: Client) -> None:
    campaign, steps = branching()

    marketer.post(url("steps", campaign.pk), {"kind": "exit", "parent": steps["ask"].pk, "branch": "yes"})
    exit_step = Step.objects.get(kind="exit")
    assert (exit_step.parent, exit_step.branch, exit_step.position) == (steps["ask"], "yes", 1)

    marketer.post(url("step_place", exit_step.pk), {"to": "::1"})
    exit_step.refresh_from_db()
    assert (exit_step.parent, exit_step.position) == (None, 1)

    marketer.post(url("step_copy", steps["ask"].pk))
    assert Step.objects.filter(kind="condition").count() == 2
    marketer.post(url("step_removal", steps["ask"].pk))
    assert Step.objects.filter(kind="email").count() == 3


def test_from_the_edge_of_a_branch_the_arrow_leads_out_of_it(marketer: Client) -> None:
    _, steps = branching()

    marketer.post(url("step_up", steps["yes"].pk))

    steps["yes"].refresh_from_db()
    assert (steps["yes"].parent, steps["yes"].position) == (None, 2)


@pytest.mark.parametrize("to", ["", "x", "::", "::-1", "999999:yes:0", "::99999", ":nowhere:0"])
def test_a_place_that_is_none_moves_nothing_and_says_so(marketer: Client, to: str) -> None:
    campaign, steps = branching()
    before = drafting.snapshot(campaigns.draft_of(campaign))

    answer = marketer.post(url("step_place", steps["mail"].pk), {"to": to}, follow=True)

    assert answer.status_code == 200
    assert drafting.snapshot(campaigns.draft_of(campaign)) == before
    assert 'class="toast"' in answer.text


def test_a_step_cannot_go_into_itself(marketer: Client) -> None:
    _, steps = branching()

    shown = marketer.get(url("campaign", steps["ask"].version.campaign_id) + f"?step={steps['ask'].pk}")
    answer = marketer.post(
        url("step_place", steps["ask"].pk), {"to": f"{steps['ask'].pk}:yes:0"}, follow=True
    )

    values = [place.value for place in shown.context["places"]]
    assert values == ["::0", "::1"]
    assert "into itself" in answer.text


def test_every_kind_is_shown_with_its_own_form(marketer: Client) -> None:
    campaign = factories.draft()
    kinds = [kind.key for kind in marketer.get(url("campaign", campaign.pk)).context["add_kinds"]]

    for kind in kinds:
        marketer.post(url("steps", campaign.pk), {"kind": kind})
        step = Step.objects.get(kind=kind)
        page = marketer.get(url("campaign", campaign.pk) + f"?step={step.pk}")
        assert ('id="content-form"' if kind == "email" else 'id="step-form"') in page.text, kind
    assert marketer.post(url("steps", campaign.pk), {"kind": "nonsense"}).status_code == 404


def test_the_checklist_leads_to_the_step(marketer: Client) -> None:
    campaign, steps = branching()
    drafting.change_step(step=steps["no"], subject="")

    text = marketer.get(url("campaign", campaign.pk)).text

    assert "The mail has no subject." in text
    assert f'href="?step={steps["no"].pk}"' in text[text.index("Before it goes live") :]


def test_numbers_come_from_visits_and_mails_and_are_those_of_the_same_step_in_every_version(
    marketer: Client,
) -> None:
    campaign, steps = branching()
    campaigns.publish_version(campaign=campaign, actor=None)
    campaign.refresh_from_db()
    run = factories.enrolled(campaign)
    advancing.advance_due()
    run.messages.update(state="accepted")
    draft = campaigns.draft_of(campaign)

    page = marketer.get(url("campaign", campaign.pk)).context["steps"]
    fragment = marketer.get(url("numbers", campaign.pk)).text

    copy = draft.steps.get(key=steps["mail"].key)
    assert (page.numbers_of(copy).sent, page.numbers_of(copy).waiting) == (1, 1)
    assert f'id="count-{copy.key}" hx-swap-oob="true"' in fragment
    assert "<form" not in fragment


def test_the_editor_takes_the_same_queries_for_ten_steps_and_a_hundred(marketer: Client) -> None:
    def queries(campaign: Campaign) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert marketer.get(url("campaign", campaign.pk)).status_code == 200
        return len(seen)

    small, large = factories.draft(), factories.draft()
    for campaign, count in ((small, 10), (large, 100)):
        version = campaigns.draft_of(campaign)
        Step.objects.bulk_create(
            Step(version=version, key=uuid.uuid4(), position=n, kind="wait", settings={"minutes": 60})
            for n in range(count)
        )
    queries(small)

    assert queries(large) == queries(small)
