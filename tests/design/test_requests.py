"""htmx and our scripts together: busy, refused, out of reach, in a dialog, and where the focus goes."""

from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from handoff.durations import left_words

pytestmark = pytest.mark.django_db(transaction=True)

ROW = (
    '<li id="row-9" data-row><a href="#a">Open</a> '
    '<a href="/try/" hx-get="/try/" hx-target="#row-9" hx-swap="outerHTML">Try</a></li>'
)
FORM = (
    '<form hx-post="/try/" hx-target="#spot" hx-swap="innerHTML" method="post">'
    '<label>Note <input name="note"></label><button class="btn">Send</button></form><div id="spot"></div>'
)


@pytest.fixture
def page(page_as, mara) -> Page:
    return page_as(mara, "/design/")


def put(page: Page, html: str) -> None:
    page.evaluate(
        "html => { const box = document.createElement('div'); box.innerHTML = html;"
        " document.querySelector('#main').prepend(box); htmx.process(box); }",
        html,
    )


def answer(page: Page, **fulfil: Any) -> list[str]:
    """The next requests to /try/ get this answer; returns the list of those that came."""
    came: list[str] = []

    def reply(route: Route) -> None:
        came.append(route.request.post_data or "")
        route.fulfill(**fulfil)

    page.route("**/try/", reply)
    return came


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (403, "role does not allow"),
        (404, "is gone"),
        (500, "on our side"),
        (503, "cannot reach its database"),
    ],
)
def test_a_refusal_is_said_in_words_and_nothing_typed_is_lost(page, problems, status, words):
    put(page, FORM)
    answer(page, status=status, body="<h1>Technical detail</h1>")
    page.get_by_label("Note", exact=True).first.fill("heard today")

    page.get_by_role("button", name="Send").click()

    expect(page.locator("#toasts .toast")).to_contain_text(words)
    expect(page.locator("#status")).to_contain_text(words)
    expect(page.get_by_label("Note", exact=True).first).to_have_value("heard today")
    expect(page.locator("#spot")).to_be_empty()
    problems.clear()  # the refusals were ours


def test_a_part_that_did_not_load_says_so_and_an_extra_keeps_quiet(page, problems):
    answer(page, status=500)
    put(page, '<p hx-get="/try/" hx-trigger="load" hx-target="this" hx-swap="innerHTML">Timeline</p>')
    put(page, '<p data-quiet hx-get="/try/" hx-trigger="load" hx-target="this" hx-swap="innerHTML">3</p>')

    expect(page.locator("#toasts .toast")).to_contain_text("could not be loaded")
    page.wait_for_load_state("networkidle")

    expect(page.locator("#toasts .toast")).to_have_count(1)
    problems.clear()


def test_no_network_is_said_in_words(page, problems):
    put(page, FORM)
    page.route("**/try/", lambda route: route.abort())

    page.get_by_role("button", name="Send").click()

    expect(page.locator("#toasts .toast")).to_contain_text("No connection")
    problems.clear()


@pytest.mark.parametrize("status", [409, 422])
def test_a_conflict_or_a_form_with_errors_is_shown_in_place(page, status):
    put(page, FORM)
    answer(page, status=status, body='<p tabindex="-1" data-focus>Otto was faster.</p>')

    page.get_by_role("button", name="Send").click()

    expect(page.locator("#spot p")).to_have_text("Otto was faster.")
    expect(page.locator("#spot p")).to_be_focused()


def test_pressing_twice_sends_once_and_with_the_token(page):
    put(page, FORM)
    tokens: list[str] = []

    def slowly(route: Route) -> None:
        tokens.append(route.request.headers.get("x-csrftoken", ""))
        page.wait_for_timeout(300)
        route.fulfill(body="Saved")

    page.route("**/try/", slowly)
    page.get_by_role("button", name="Send").dblclick()

    expect(page.locator("#spot")).to_have_text("Saved")
    assert len(tokens) == 1
    assert len(tokens[0]) > 20


def test_the_focus_stays_on_its_row_when_the_row_is_swapped(page):
    put(page, f"<ul>{ROW}</ul>")
    answer(page, body=ROW.replace("Open", "Opened"))
    page.locator("#row-9").get_by_text("Try").focus()

    page.keyboard.press("Enter")

    expect(page.locator("#row-9").get_by_text("Opened")).to_be_visible()
    expect(page.locator("#row-9").get_by_text("Try")).to_be_focused()


def test_a_dialog_opens_with_what_the_server_sends_and_closes_with_its_answer(page, axe):
    link = '<a href="/try/" hx-get="/try/" hx-target="#dialog" hx-swap="innerHTML">Snooze</a>'
    put(page, f'{link}<p id="spot"></p>')
    answer(page, body="<h2>Snooze until</h2>" + FORM.replace('<div id="spot"></div>', ""))
    page.get_by_text("Snooze", exact=True).click()
    expect(page.locator("#dialog h2")).to_be_visible()
    page.unroute("**/try/")
    answer(page, body="Snoozed")

    page.locator("#dialog").get_by_role("button", name="Send").click()

    expect(page.locator("#dialog")).to_be_hidden()
    expect(page.locator("#spot")).to_have_text("Snoozed")


def test_the_sheet_opens_beside_the_list_and_gives_the_focus_back(page):
    page.locator("#row-1 a.name").evaluate(
        "el => { el.href = '/try/'; el.setAttribute('hx-get', '/try/'); el.setAttribute('hx-target', '#sheet');"
        " el.setAttribute('hx-swap', 'innerHTML'); htmx.process(el); }"
    )
    answer(
        page,
        body='<header><h2>Priya Raman</h2><a href="/design/" data-close-sheet>Close details</a></header>',
    )

    page.locator("#row-1 a.name").click()
    expect(page.locator("#sheet h2")).to_be_visible()
    expect(page.locator("#row-1")).to_have_attribute("aria-selected", "true")
    page.get_by_text("Close details").click()

    expect(page.locator("#sheet")).to_be_hidden()
    expect(page.locator("#row-1 a.name")).to_be_focused()


def test_signed_out_elsewhere_leads_to_the_sign_in_page(page, mara):
    from django.contrib.sessions.models import Session

    put(
        page,
        '<a class="btn" href="/" hx-get="/" hx-target="#spot" hx-swap="innerHTML">Refresh</a><p id="spot"></p>',
    )
    Session.objects.all().delete()

    page.get_by_text("Refresh", exact=True).click()

    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert "next=%2Fdesign%2F" in page.url or "next=/design/" in page.url


def test_an_undo_leaves_with_its_time(page_as, mara):
    page = page_as(mara)
    page.clock.install()
    page.goto("/design/")
    page.evaluate(
        'document.querySelector(\'#toasts\').innerHTML = \'<div class="toast" data-undo="8"><span>Rejected.</span>'
        '<button class="btn sm" data-key="z">Undo</button><progress max="8" value="8"></progress></div>\''
    )

    page.clock.run_for(5000)
    expect(page.locator("#toasts .toast")).to_be_visible()
    page.clock.run_for(4000)

    expect(page.locator("#toasts .toast")).to_have_count(0)


@pytest.mark.parametrize("hours_a_day", [24, 8])
def test_the_browser_counts_down_in_the_words_of_the_server(page, hours_a_day):
    moments = [
        -90_000,
        -3600,
        -61,
        -60,
        -1,
        0,
        1,
        59,
        60,
        720,
        3599,
        3600,
        7500,
        28_800,
        86_400,
        97_200,
        200_000,
    ]

    shown = page.evaluate(
        "async ([moments, hours]) => { const clocks = await import('/static/js/clocks.js');"
        " return moments.map((left) => clocks.leftWords(left, hours)); }",
        [moments, hours_a_day],
    )

    assert shown == [left_words(left, hours_a_day=hours_a_day) for left in moments]
