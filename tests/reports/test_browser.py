"""The reports in a browser: nothing for axe, definitions by keyboard, from a number to its leads, without script."""

import pytest
from playwright.sync_api import expect

from handoff.clock import database_now
from tests.reports.histories import World
from tests.reports.test_pages import qualified
from tests.reports.test_promises import draw_clocks

pytestmark = pytest.mark.django_db(transaction=True)
SCREENS = [(1440, 900, "light"), (390, 844, "dark")]


@pytest.fixture
def world():
    for place in range(24):
        qualified(source=("Webinar", "Fair")[place % 2], days=40 + place)
    world = World(5, database_now())
    world.populate(40)
    draw_clocks(world)
    return world


@pytest.mark.parametrize(("width", "height", "theme"), SCREENS)
def test_the_pages_are_accessible(width, height, theme, world, page_as, axe, mara):
    page = page_as(mara, "/reports/", width=width, height=height, theme=theme)
    expect(page.get_by_role("heading", name="How fast months mature")).to_be_visible()
    for table in page.locator("details.data > summary").all():
        table.click()
    axe(page)
    for path in (
        "/reports/in-and-out/",
        "/reports/leads/",
        "/reports/promises/",
        "/reports/promises/clocks/",
    ):
        page.goto(path)
        axe(page)


def test_a_number_explains_itself_and_opens_its_leads(world, page_as, mara):
    page = page_as(mara, "/reports/")

    page.get_by_role("button", name="MQL to SQL").first.focus()
    expect(page.get_by_role("tooltip").filter(has_text="at least 30 days ago").first).to_be_visible()
    page.keyboard.press("Tab")
    page.get_by_role("row", name="Webinar").get_by_role("link").first.click()

    expect(page.get_by_role("heading", level=1)).to_have_text("MQL; source Webinar")
    expect(page.get_by_role("row")).not_to_have_count(1)


def test_period_and_filters_work_without_script(world, page_as, mara):
    page = page_as(mara, "/reports/", javascript=False)

    page.get_by_role("button", name="All leads").click()
    page.get_by_role("textbox", name="Source").fill("Fair")
    page.get_by_role("button", name="Show", exact=True).click()

    expect(page.get_by_role("link", name="Source: Fair, remove")).to_be_visible()
    expect(
        page.get_by_role("table", name="Stages reached and shares by source").get_by_role("row")
    ).to_have_count(2)
