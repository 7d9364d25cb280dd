"""Two people, or two windows, at one draft: nothing is replaced or lost without a word."""

from __future__ import annotations

import re
from typing import Any

import pytest

from accounts.models import User
from nurturing.models import Step
from nurturing.services import campaigns, drafting
from tests.nurturing import factories
from tests.nurturing.test_steps import add

pytestmark = pytest.mark.django_db


def form_of(client: Any, step: Step, **typed: str) -> dict[str, str]:
    """What the step's form would send, as it is shown now."""
    page = client.get(f"/campaigns/{step.version.campaign_id}/?step={step.pk}").content.decode()
    hidden = re.findall(r'<input type="hidden" name="(seen|campaign)" value="(\w+)">', page)
    return dict(hidden) | {"how": "time", "unit": "days"} | typed


def days(step: Step) -> float:
    return Step.objects.get(pk=step.pk).settings["minutes"] / 1440


def test_the_second_of_two_saves_is_told_and_keeps_what_was_typed(client_of: Any, mara: User) -> None:
    step, client = add(factories.draft(), "wait", minutes=4320), client_of(mara)
    first, second = form_of(client, step, amount="5"), form_of(client, step, amount="7")
    client.post(f"/steps/{step.pk}/", first)

    answer = client.post(f"/steps/{step.pk}/", second)
    page, kept = answer.content.decode(), days(step)
    again = client.post(
        f"/steps/{step.pk}/", second | {"seen": re.findall(r'name="seen" value="(\w+)"', page)[0]}
    )

    assert (answer.status_code, kept) == (409, 5)
    assert "Somebody changed this step since you opened it" in page
    assert "Wait 5 days" in page
    assert 'value="7"' in page
    assert (again.status_code, days(step)) == (302, 7)


def test_the_same_words_from_two_windows_are_no_conflict(client_of: Any, mara: User) -> None:
    step, client = add(factories.draft(), "wait", minutes=4320), client_of(mara)
    typed = form_of(client, step, amount="5")
    client.post(f"/steps/{step.pk}/", typed)

    assert client.post(f"/steps/{step.pk}/", typed).status_code == 302


def test_an_undo_elsewhere_leaves_an_open_step_where_it_was(client_of: Any, mara: User) -> None:
    step, client = add(factories.draft(), "wait", minutes=4320), client_of(mara)
    typed = form_of(client, step, amount="5")
    client.post(f"/steps/{step.pk}/copy/")
    client.post(f"/steps/{step.pk}/removal/")
    client.post(f"/campaigns/{step.version.campaign_id}/undo/")
    client.post(f"/campaigns/{step.version.campaign_id}/undo/")

    answer = client.post(f"/steps/{step.pk}/", typed)

    assert (answer.status_code, days(step)) == (302, 5)


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_a_save_of_a_step_that_is_gone_says_so_and_shows_what_was_typed(
    client_of: Any, mara: User, rita: User, headers: dict[str, str]
) -> None:
    step, client = add(factories.draft(), "wait", minutes=4320), client_of(mara)
    typed = form_of(client, step, amount="51423")
    drafting.remove_step(step=step)

    answer = client.post(f"/steps/{step.pk}/", typed, headers=headers)

    page = answer.content.decode()
    assert answer.status_code == 409
    assert "somebody removed or published it meanwhile" in page
    assert "51423" in page
    assert client.post(f"/steps/{step.pk}/", {"amount": "5"}).status_code == 404
    assert client_of(rita).post(f"/steps/{step.pk}/", typed).status_code == 403


def test_a_save_after_somebody_published_says_so(client_of: Any, mara: User) -> None:
    campaign = factories.draft()
    step, client = add(campaign, "wait", minutes=4320), client_of(mara)
    factories.email(campaign)
    factories.organisation()
    typed = form_of(client, step, amount="5")
    campaigns.publish_version(campaign=campaign, actor=None)

    assert client.post(f"/steps/{step.pk}/", typed).status_code == 409
    assert days(step) == 3


@pytest.mark.parametrize(("width", "theme"), [(390, "dark"), (1440, "light")])
def test_the_words_are_read_in_place_of_the_steps(
    page_as: Any, axe: Any, mara: User, width: int, theme: str
) -> None:
    step = add(factories.draft(), "wait", minutes=4320)
    page = page_as(mara, f"/campaigns/{step.version.campaign_id}/?step={step.pk}", width=width, theme=theme)
    page.get_by_label("Wait for").fill("9")
    drafting.remove_step(step=step)

    page.get_by_role("button", name="Save draft").click()

    page.get_by_text("This step cannot be saved").wait_for()
    axe(page)
    page.get_by_role("link", name="Open the campaign").click()
    page.wait_for_url("**/campaigns/*/")
