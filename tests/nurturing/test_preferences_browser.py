"""The preference page in a real browser, on a telephone."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from leads.models import Consent, Topic
from leads.services import consents
from nurturing import tokens
from tests.browser import PageAs
from tests.nurturing import factories

pytestmark = [pytest.mark.django_db(transaction=True)]


def test_a_reader_switches_a_topic_off_on_a_telephone_and_stops_everything(page_as: PageAs, axe: Any) -> None:
    news = Topic.objects.create(name="Product news", description="What is new, about twice a month")
    Topic.objects.create(name="Events and webinars", description="Invitations, at most one a month")
    message = factories.queued(factories.running(topic=news))
    origin = consents.Origin("form")
    consents.give(lead=message.enrolment.lead, topic=news, wording="Yes, send me news.", origin=origin)

    page: Page = page_as(
        None,
        f"/p/{tokens.sign(tokens.PREFERENCES, message.key)}/",
        width=390,
        theme="dark",
    )
    axe(page)
    page.get_by_role("switch", name="Product news").uncheck()
    page.get_by_label("Pause 60 days").check()
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_role("status")).to_contain_text("Saved")
    expect(page.get_by_role("switch", name="Product news")).not_to_be_checked()
    assert list(Consent.objects.order_by("pk").values_list("state", flat=True)) == [
        "given",
        "withdrawn",
        "paused",
    ]
    axe(page)

    page.get_by_role("button", name="Unsubscribe from all").click()

    expect(page.get_by_role("status")).to_contain_text("no more marketing mail")
