"""The component page in a real browser: what every page is made of works by keyboard and passes axe."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.django_db(transaction=True)

WIDTHS = [1440, 1024, 390]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_no_component_has_an_accessibility_fault(page_as, axe, mara, theme, width):
    page = page_as(mara, "/design/?outage=1&toast=1", width=width, theme=theme)

    axe(page)


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_scrolls_the_page_sideways(page_as, mara, width):
    page = page_as(mara, "/design/", width=width)

    page.locator("h1").wait_for()

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("main = document.querySelector('#main'), main.scrollWidth - main.clientWidth") <= 0


def test_the_palette_finds_places_and_commands_by_keyboard(page_as, axe, mara):
    page = page_as(mara, "/design/")

    page.keyboard.press("Control+k")
    page.keyboard.type("r")
    expect(page.locator("#palette")).to_be_visible()
    axe(page, "#palette")
    page.keyboard.type("eject")
    page.keyboard.press("Enter")

    expect(page.locator("#palette")).to_be_hidden()
    expect(page.locator("#reject")).to_be_visible()


def test_arrows_walk_the_palette_and_escape_gives_the_focus_back(page_as, mara):
    page = page_as(mara, "/design/")
    page.locator("#nav .search-btn").focus()
    page.keyboard.press("Enter")

    page.keyboard.press("ArrowDown")
    expect(page.locator("#palette-results :is(a,button)").first).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.locator("#palette input")).to_be_focused()
    page.keyboard.press("Escape")

    expect(page.locator("#nav .search-btn")).to_be_focused()


def test_the_help_lists_the_keys_of_this_page(page_as, axe, mara):
    page = page_as(mara, "/design/")

    page.keyboard.press("?")

    keys = page.locator("#keys")
    expect(keys.get_by_text("Reject dialog")).to_be_visible()
    expect(keys.get_by_text("Leads")).to_be_visible()
    axe(page, "#keys")


def test_letters_rest_while_somebody_types(page_as, mara):
    page = page_as(mara, "/design/")

    page.keyboard.press("/")
    page.keyboard.type("r?")

    expect(page.locator("[data-search]")).to_have_value("r?")
    expect(page.locator("#reject")).to_be_hidden()
    expect(page.locator("#keys")).to_be_hidden()


def test_a_digit_picks_the_reason_in_the_dialog(page_as, axe, mara):
    page = page_as(mara, "/design/")

    page.keyboard.press("r")
    page.keyboard.press("3")

    expect(page.locator("#reject input[value='3']")).to_be_checked()
    axe(page, "#reject")


def test_j_and_k_walk_the_list_and_x_selects(page_as, mara):
    page = page_as(mara, "/design/")
    first = page.locator("#row-1 a.name")
    first.focus()

    page.keyboard.press("j")
    expect(page.locator("#row-2 a.name")).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("x")

    expect(page.locator("#row-3 [data-select]")).to_be_checked()
    expect(page.locator("[data-bulk-count]")).to_have_text("2 selected")


def test_the_bulk_bar_goes_when_nothing_is_selected(page_as, mara):
    page = page_as(mara, "/design/")

    page.locator("[data-clear]").click()

    expect(page.locator("[data-bulk]")).to_be_hidden()


def test_a_running_clock_counts_on_and_a_paused_one_does_not(page_as, mara):
    page = page_as(mara)
    page.clock.install()
    page.goto("/design/")
    soon = page.locator(".spec .sla[data-state=soon]").first
    expect(soon).to_have_text("12 min left")

    page.clock.run_for(13 * 60 * 1000)

    over = page.locator(".spec .sla[data-state=over]").nth(1)
    expect(over).to_have_text("1 min overdue")
    expect(page.get_by_text("Paused, outside hours").first).to_be_visible()


def test_a_message_leaves_after_a_while_and_a_problem_stays(page_as, mara):
    page = page_as(mara)
    page.clock.install()
    page.goto("/design/?toast=1")
    toast = page.locator("#toasts .toast")
    expect(toast).to_have_text("318 leads imported.")

    page.clock.run_for(8000)

    expect(toast).to_have_count(0)


def test_the_theme_is_chosen_in_the_menu_and_stays(page_as, axe, mara):
    page = page_as(mara, "/design/")

    page.get_by_role("button", name="Mara Marketer, your menu").click()
    axe(page, "#me-menu")
    page.locator("#me-menu").get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()

    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_without_script_the_theme_is_chosen_by_a_form(page_as, mara):
    page = page_as(mara, "/design/", javascript=False)

    page.locator(".head").get_by_role("button", name="Dark").click()

    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page).to_have_url(re.compile("/design/$"))


def test_on_a_phone_the_navigation_is_a_drawer(page_as, axe, mara):
    page = page_as(mara, "/design/", width=390)
    expect(page.locator("#nav")).to_be_hidden()

    page.get_by_role("button", name="Open menu").click()

    expect(page.locator("#nav").get_by_text("MQL queue")).to_be_visible()
    axe(page, "#nav")


def test_the_first_load_is_light(page_as, mara):
    page = page_as(mara)
    sizes: dict[str, int] = {}
    page.on("response", lambda response: sizes.update({response.url: weight(response)}))

    page.goto("/design/", wait_until="networkidle")

    assert sum(size for url, size in sizes.items() if not url.endswith(".woff2")) <= 150_000
    assert sum(size for url, size in sizes.items() if "/static/js/" in url) <= 15_000


def weight(response) -> int:
    """Bytes as brotli would send them; the test server compresses nothing."""
    import brotli

    return len(brotli.compress(response.body(), quality=5)) if response.ok else 0
