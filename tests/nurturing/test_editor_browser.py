"""The editor in a real browser: by mouse, by keyboard, and without JavaScript."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from nurturing.services import campaigns, drafting
from tests.browser import PageAs
from tests.nurturing import factories
from tests.nurturing.test_editor import branching

pytestmark = pytest.mark.django_db(transaction=True)
Axe = Callable[[Any], None]


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark")])
def test_branches_and_settings_can_be_read_by_everybody(
    page_as: PageAs, axe: Axe, mara: User, width: int, theme: str
) -> None:
    campaign, steps = branching(name="Energy and utilities nurture")
    page = page_as(mara, width=width, theme=theme)
    paths = [f"?step={steps[name].pk}" for name in ("ask", "wait", "mail")]
    lead = factories.lead()
    for path in (*paths, f"rehearsal/?lead={lead.pk}"):
        page.goto(f"/campaigns/{campaign.pk}/{path}")
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_step_is_dragged_into_a_branch(page_as: PageAs, mara: User) -> None:
    campaign, steps = branching()
    page = page_as(mara, f"/campaigns/{campaign.pk}/")

    page.locator(f"#step-{steps['wait'].key} > article").drag_to(
        page.locator(f"#step-{steps['yes'].key} > article"), target_position={"x": 60, "y": 4}
    )

    page.get_by_role("region", name="Yes, after step 2").get_by_text("Wait 5 days").wait_for()
    steps["wait"].refresh_from_db()
    assert (steps["wait"].parent, steps["wait"].branch, steps["wait"].position) == (steps["ask"], "yes", 0)


def test_what_is_typed_survives_the_refresh_of_the_numbers(page_as: PageAs, mara: User) -> None:
    campaign, steps = branching()
    page = page_as(mara, f"/campaigns/{campaign.pk}/?step={steps['wait'].pk}")

    page.get_by_label("Wait for").fill("9")
    with page.expect_response(lambda answer: "/numbers/" in answer.url):
        page.evaluate("htmx.ajax('GET', location.pathname + 'numbers/', {target: '#editor', swap: 'none'})")

    assert page.get_by_label("Wait for").input_value() == "9"


def test_a_step_is_moved_and_set_without_javascript(page_as: PageAs, mara: User) -> None:
    campaign, steps = branching()
    page = page_as(mara, f"/campaigns/{campaign.pk}/?step={steps['wait'].pk}", javascript=False)

    page.get_by_label("Then until certain hours").check()
    page.get_by_label("Wednesday").uncheck()
    page.get_by_role("button", name="Save draft").click()
    page.get_by_label("Move to").select_option(f"{steps['ask'].pk}:no:1")
    page.get_by_role("button", name="Move", exact=True).click()

    page.get_by_role("region", name="No, after step 2").get_by_text("then until Monday, Tuesday").wait_for()
    assert drafting.snapshot(steps["wait"].version)


def test_a_step_is_removed_and_comes_back_by_the_keyboard(page_as: PageAs, mara: User) -> None:
    campaign, steps = branching()
    page = page_as(mara, f"/campaigns/{campaign.pk}/?step={steps['wait'].pk}")

    page.get_by_role("button", name="Remove step 2").click()
    page.get_by_role("button", name="Undo").wait_for()
    page.locator("body").press("Control+z")

    page.get_by_role("link", name="Step 2: Wait 5 days").wait_for()
    page.locator("body").press("Control+Shift+z")
    page.get_by_role("link", name="Step 2: Clicked the mail?").wait_for()


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark")])
def test_versions_are_compared_and_people_moved(
    page_as: PageAs, axe: Axe, mara: User, width: int, theme: str
) -> None:
    campaign = factories.running(name="Energy and utilities nurture")
    factories.queued(campaign)
    draft = campaigns.draft_of(campaign)
    first = draft.steps.get(position=0)
    drafting.change_step(step=first, subject="3 places your overtime comes from")
    drafting.remove_step(step=draft.steps.get(position=2))
    factories.email(campaign, "Another one")
    page = page_as(mara, f"/campaigns/{campaign.pk}/compare/", width=width, theme=theme)
    axe(page)
    campaigns.publish_version(campaign=campaign, actor=mara)

    page.goto(f"/campaigns/{campaign.pk}/")
    page.get_by_role("link", name="Move people to v2").click()
    page.get_by_role("button", name="Move 1 person").click()
    page.get_by_text("Say where people of each removed step go on").wait_for()
    axe(page)
    page.get_by_label("Where E-mail: Second goes on").select_option("leave")
    page.get_by_role("button", name="Move 1 person").click()

    page.get_by_text("People are being moved to version 2. Nobody").wait_for()
    axe(page)
