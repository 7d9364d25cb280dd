"""What a no teaches, in a browser: evidence by keyboard, what changed, and the week's rejections; nothing for axe."""

import pytest
from playwright.sync_api import expect

from handoff.models import BantEvidence
from handoff.services.answers import reject, settle
from handoff.services.qualification import record_evidence
from leads.services.people import update_fields
from tests.handoff.factories import make_cycle, make_offer, open_around_the_clock, reason

pytestmark = pytest.mark.django_db(transaction=True)
SCREENS = [(1440, 900, "light"), (390, 844, "dark")]


@pytest.fixture
def again(mara, rita, otto):
    """Sent back by Otto, changed since, and now with Rita."""
    open_around_the_clock()
    first = make_offer(otto, mara, name="Marcus Feld", company="Brackenfield Clinics", source="Webinar")
    reject(handoff=first, actor=otto, reason=reason(), note="Next year.")
    settle(first.pk, early=True)
    said = {"budget": {"standing": "yes", "value": "50,000 a year", "said_by": "Marcus", "source": "call"}}
    record_evidence(lead=first.lead, said=said, actor=mara)
    record_evidence(lead=first.lead, said={"budget": {**said["budget"], "value": "60,000"}}, actor=mara)
    update_fields(lead=first.lead, values={"city": "Bergen"}, source="typed", actor=mara)
    return make_offer(rita, mara, cycle=make_cycle(first.lead, n=2))


@pytest.mark.parametrize(("width", "height", "theme"), SCREENS)
def test_the_pages_are_accessible(width, height, theme, again, page_as, axe, mara, rita):
    screen = {"width": width, "height": height, "theme": theme}
    page = page_as(rita, f"/inbox/{again.pk}/", **screen)
    expect(page.locator("#lead")).to_contain_text("Otto Other said no")
    axe(page)
    page.get_by_role("link", name="Edit the qualification").click()
    expect(page.locator("#dialog")).to_contain_text("Qualification of Marcus Feld")
    axe(page, "#dialog")

    for path in (
        "/queue/?tab=rejected",
        f"/leads/{again.lead_id}/qualification/",
        f"/queue/{again.cycle_id}/",
    ):
        axe(page_as(mara, path, **screen))


def test_a_rep_writes_evidence_with_the_keyboard(again, page_as, rita):
    page = page_as(rita, f"/inbox/{again.pk}/")

    page.keyboard.press("q")
    timing = page.locator("#dialog").get_by_role("group", name="Timing")
    timing.get_by_label("Standing").select_option("no")
    timing.get_by_label("What we know").fill("Not before summer")
    timing.get_by_label("What we know").press("Enter")

    expect(page.locator("#bant")).to_contain_text("Not before summer")
    expect(page.locator("#dialog")).to_be_hidden()
    assert BantEvidence.objects.filter(letter="timing").get().standing == "no"


def test_evidence_works_without_script_and_says_what_is_missing(again, page_as, rita):
    page = page_as(rita, f"/inbox/{again.pk}/", javascript=False)

    page.get_by_role("link", name="Edit the qualification").click()
    page.get_by_role("group", name="Need").get_by_label("Standing").select_option("yes")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Say what you know")
    page.get_by_role("group", name="Need").get_by_label("What we know").fill("Overtime on three wards")
    page.get_by_role("button", name="Save").click()

    expect(page.locator("#bant")).to_contain_text("Overtime on three wards")
