"""Feedback in a browser: beside the lead, by keyboard and without script; the page of quality; nothing for axe."""

import pytest
from playwright.sync_api import expect

from handoff.models import FeedbackForm, FeedbackRequest
from tests.handoff.factories import make_form, make_offer, make_request, open_around_the_clock
from tests.handoff.test_feedback import answered

pytestmark = pytest.mark.django_db(transaction=True)
SCREENS = [(1440, 900, "light"), (390, 844, "dark")]


@pytest.fixture
def row(mara, rita):
    open_around_the_clock()
    return make_request(make_offer(rita, mara, name="Marcus Feld", source="Webinar"), make_form())


@pytest.mark.parametrize(("width", "height", "theme"), SCREENS)
def test_the_pages_are_accessible(width, height, theme, row, page_as, axe, rita, mara):
    screen = {"width": width, "height": height, "theme": theme}
    for rating in (5, 5, 4, 4, 3, 3, 2, 5, 4, 5, 1):
        answered(rita, mara, rating, "Right time", "yes", source="Webinar", outcome="lost")
    answered(rita, mara, 2, source="Fair")

    page = page_as(rita, f"/inbox/{row.handoff_id}/", **screen)
    expect(page.get_by_role("group", name="How good was this lead?")).to_be_visible()
    axe(page)
    page = page_as(mara, "/quality/", **screen)
    expect(page.get_by_role("heading", name="Where the outcome surprised")).to_be_visible()
    axe(page)


def test_a_rep_answers_and_changes_it_with_the_keyboard(row, page_as, rita):
    page = page_as(rita, f"/inbox/{row.handoff_id}/")

    page.keyboard.press("f")
    expect(page.get_by_role("radio", name="1, poor")).to_be_focused()
    page.get_by_role("radio", name="4").press("Space")
    page.get_by_role("button", name="Send feedback").press("Enter")
    card = page.locator(f"#feedback-{row.pk}")
    expect(card).to_contain_text("4 of 5")
    expect(card.get_by_role("heading")).to_be_focused()
    page.keyboard.press("f")
    page.get_by_role("radio", name="2").press("Space")
    page.get_by_role("button", name="Save the change").press("Enter")

    expect(card).to_contain_text("2 of 5")
    assert FeedbackRequest.objects.get().rating == 2


def test_it_works_without_script(row, page_as, rita):
    page = page_as(rita, f"/inbox/{row.handoff_id}/", javascript=False)

    page.get_by_label("Anything marketing should know?").fill("Call again in May.")
    page.get_by_role("radio", name="3").check()
    page.get_by_role("button", name="Send feedback").click()

    expect(page.get_by_text("Thank you.")).to_be_visible()
    expect(page.locator(f"#feedback-{row.pk}")).to_contain_text("Call again in May.")
    assert FeedbackForm.objects.get().requests.get().answered_by == rita
