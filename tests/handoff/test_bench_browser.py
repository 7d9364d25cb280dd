"""The bench and the preview of an edit in a real browser, on both screens and in both themes."""

import pytest
from playwright.sync_api import expect

from handoff.models import BusinessCalendar, SlaClock, SlaPolicy
from tests.handoff.factories import make_offer, open_around_the_clock

pytestmark = pytest.mark.django_db(transaction=True)
SCREENS = [(1440, "light"), (1440, "dark"), (390, "light"), (390, "dark")]


@pytest.fixture
def office(mara, rita):
    """Norwegian hours and holidays, and a promise that runs."""
    policy = open_around_the_clock()
    make_offer(rita, mara)
    week = {day: [["09:00", "12:00"], ["13:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
    holidays = {"2026-12-25": "Christmas Day", "2027-05-17": "Constitution Day"}
    hours = BusinessCalendar.objects.create(
        name="Oslo", tz="Europe/Oslo", weekly=week, public_holidays=holidays, holiday_country="NO"
    )
    return policy, hours


@pytest.mark.parametrize(("width", "theme"), SCREENS)
def test_a_walk_over_the_spring_change_can_be_read_by_everybody(width, theme, office, page_as, axe, ada):
    page = page_as(ada, f"/admin/handoff/businesscalendar/{office[1].pk}/change/", width=width, theme=theme)
    page.get_by_role("link", name="Test bench").click()
    page.get_by_label("Start:").fill("2026-03-27T16:00")
    page.get_by_label("Working minutes:").fill("600")
    page.get_by_role("button", name="Walk").click()

    expect(page.locator("#due-title")).to_contain_text("Due Tuesday 31 March 2026, 11:00 in Europe/Oslo")
    expect(page.locator("svg.td-walk")).to_be_visible()
    axe(page, "#content")


@pytest.mark.parametrize(("width", "theme"), [SCREENS[0], SCREENS[3]])
def test_an_edit_is_shown_then_saved_without_script(width, theme, office, page_as, axe, problems, ada):
    policy, _ = office
    page = page_as(ada, width=width, theme=theme, javascript=theme == "dark")
    page.goto(f"/admin/handoff/slapolicy/{policy.pk}/change/")
    page.get_by_label("Answer within").fill("45")
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.locator("#effect-title")).to_contain_text("Not saved yet")
    expect(page.get_by_label("Answer within")).to_have_value("45")
    if theme == "dark":
        axe(page, ".td-live")
        problems.clear()  # axe pins the page with inline styles, and our policy forbids it that
    page.get_by_role("button", name="Save for new clocks").click()
    expect(page.locator(".messagelist")).to_contain_text("changed successfully")
    assert SlaPolicy.in_force().accept_minutes == 45
    assert SlaClock.objects.get(kind="accept").minutes == 120
