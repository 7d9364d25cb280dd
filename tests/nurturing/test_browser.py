"""The pages in a real browser: readable for everybody, usable with and without JavaScript."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from leads.services.activities import record_activity
from nurturing import ledger, tokens
from nurturing.models import Campaign, Step
from nurturing.services import campaigns
from tests.browser import PageAs
from tests.nurturing import factories

pytestmark = pytest.mark.django_db(transaction=True)
Axe = Callable[[Any], None]
VIEWS = [(1440, "light"), (390, "dark")]


@pytest.fixture
def campaign() -> Campaign:
    """Running, one mail in doubt, one waiting, and a draft of version 2."""
    campaign = factories.running(name="Energy and utilities nurture")
    factories.queued(campaign)
    factories.queued(campaign)
    (held,) = ledger.claim(1)
    ledger.pass_fence(held)
    ledger.doubt(held, "The line broke after the mail was handed over: timed out")
    campaigns.draft_of(campaign)
    return campaign


@pytest.mark.parametrize(("width", "theme"), VIEWS)
def test_every_page_can_be_read_by_everybody(
    page_as: PageAs, axe: Axe, mara: User, campaign: Campaign, width: int, theme: str
) -> None:
    page = page_as(mara, width=width, theme=theme)

    for path in (
        "/campaigns/",
        "/campaigns/decisions/",
        f"/campaigns/{campaign.pk}/",
        f"/campaigns/{campaign.pk}/report/",
        f"/campaigns/{campaign.pk}/people/",
        f"/campaigns/{campaign.pk}/settings/",
        f"/campaigns/{campaign.pk}/map/",
        f"/campaigns/{campaign.pk}/history/",
        f"/enrolments/{campaign.enrolments.earliest('pk').pk}/",
        f"/leads/{campaign.enrolments.earliest('pk').lead_id}/mails/",
        "/segments/",
        f"/segments/{campaign.segment_id}/",
        "/campaigns/new/",
        "/returned/",
    ):
        page.goto(path)
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_steps_are_added_moved_and_written_without_a_reload(page_as: PageAs, mara: User) -> None:
    factories.organisation()
    campaign = factories.draft()
    page = page_as(mara, f"/campaigns/{campaign.pk}/")
    page.evaluate("window.stayed = true")

    page.get_by_text("Add step").click()
    page.get_by_role("button", name="E-mail").click()
    page.get_by_label("Subject").fill("Hello from us")
    page.get_by_role("button", name="Text", exact=True).click()
    page.get_by_role("textbox", name="Text").fill(factories.HELLO)
    page.get_by_role("button", name="Save draft").click()
    page.get_by_text("E-mail: Hello from us").wait_for()
    page.get_by_text("Add step").click()
    page.get_by_role("button", name="Wait", exact=True).click()
    page.get_by_role("link", name="Step 2: Wait 3 days").press("Alt+ArrowUp")

    page.get_by_role("link", name="Step 1: Wait 3 days").wait_for()
    assert page.evaluate("window.stayed")
    assert page.evaluate("document.activeElement.textContent").startswith("Step 1")
    assert list(Step.objects.values_list("kind", flat=True)) == ["wait", "email"]


def test_a_campaign_goes_live_without_javascript(page_as: PageAs, mara: User) -> None:
    factories.organisation()
    campaign = factories.draft()
    factories.email(campaign)
    page = page_as(mara, f"/campaigns/{campaign.pk}/", javascript=False)

    page.get_by_role("button", name="Publish version 1").click()

    page.get_by_text("Version 1 is live").wait_for()
    page.get_by_role("button", name="Pause").click()
    page.get_by_text("Paused. Nobody joins").wait_for()


@pytest.mark.parametrize("javascript", [True, False])
def test_mails_in_doubt_are_decided(
    page_as: PageAs, mara: User, campaign: Campaign, javascript: bool
) -> None:
    page = page_as(mara, "/campaigns/decisions/", javascript=javascript)

    page.get_by_role("checkbox", name="Select the mail to").check()
    page.get_by_role("button", name="Give up").click()

    page.get_by_text("1 mail is given up").wait_for()
    page.get_by_role("heading", name="Nothing to decide").wait_for()


def test_a_segment_is_built_and_counted_while_it_is_typed(page_as: PageAs, axe: Axe, mara: User) -> None:
    lead = factories.lead(country="Norway")
    record_activity(lead=lead, kind="demo_request")
    page = page_as(mara, "/segments/new/", width=390)

    page.get_by_label("Name").fill("Norwegians")
    page.get_by_label("Field").select_option("country")
    page.get_by_label("Value").fill("chile")
    page.get_by_text("0 leads").wait_for()
    page.get_by_role("button", name="Group into the segment").click()
    page.get_by_role("button", name="Behaviour into group 2").click()
    page.get_by_role("group", name="Condition 2.2").get_by_label("Activity").fill("demo_request")
    page.get_by_role("button", name="Remove condition 1").click()
    page.get_by_text("1 lead of 1").wait_for()
    axe(page)
    page.get_by_role("button", name="Save segment").last.click()

    page.get_by_role("heading", name="Norwegians").wait_for()
    page.get_by_role("link", name=lead.name).wait_for()
    axe(page)
    page.get_by_role("link", name="Who came and went").click()
    page.get_by_text("The definition changed").wait_for()
    axe(page)


@pytest.mark.parametrize(("width", "theme"), VIEWS)
def test_a_lead_unsubscribes_on_a_page_that_needs_nothing(page_as: PageAs, width: int, theme: str) -> None:
    message = factories.queued()
    page = page_as(None, f"/u/{tokens.sign('u', message.key)}/", width=width, theme=theme, javascript=False)
    page.get_by_role("button", name="Unsubscribe").click()

    page.get_by_role("heading", name="You are unsubscribed").wait_for()

    message.refresh_from_db()
    assert message.state == "suppressed"


def test_the_unsubscribe_page_can_be_read_by_everybody(page_as: PageAs, axe: Axe) -> None:
    message = factories.queued()

    page = page_as(None, f"/u/{tokens.sign('u', message.key)}/", width=390)

    axe(page)


def test_a_caught_mail_is_shown_shut_in(
    page_as: PageAs, axe: Axe, mara: User, settings: Any, tmp_path: Path
) -> None:
    settings.TANDEM_SHOW_MAIL = tmp_path
    (tmp_path / "1.eml").write_bytes(
        b"Subject: Hi\r\nList-Id: <c.x.example>\r\nTo: a@x.example\r\nContent-Type: text/html\r\n\r\n"
        b"<html lang=en><title>Mail</title><main><h1>Hello</h1></main></html>"
    )
    page = page_as(mara, "/mail/")
    axe(page)

    page.get_by_role("link", name="Hi", exact=True).click()

    page.frame_locator("iframe").get_by_role("heading", name="Hello").wait_for()
    axe(page)


def test_a_lead_is_enrolled_from_its_page(page_as: PageAs, axe: Axe, mara: User) -> None:
    campaign = factories.running()
    lead = factories.lead()
    page = page_as(mara, f"/leads/{lead.pk}/campaigns/")
    axe(page)

    page.get_by_role("link", name="Enrol").click()
    page.get_by_role("dialog").get_by_label(campaign.name).check()
    page.get_by_role("dialog").get_by_role("button", name="Enrol").click()

    page.get_by_text(f"1 enrolled in {campaign.name}").wait_for()
    assert campaign.enrolments.get().lead == lead
