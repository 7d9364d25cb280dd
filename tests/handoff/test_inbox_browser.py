"""The inbox live, by keys and on a phone, in a real browser."""

import pytest
from playwright.sync_api import expect

from handoff.models import Handoff, RejectReason
from handoff.services.answers import accept, undo
from tests.handoff.factories import make_offer, open_around_the_clock

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def offers(mara, rita):
    open_around_the_clock()
    names = ("Anna First", "Berit Second", "Carla Third")
    return [make_offer(rita, mara, name=name, total=90 - 5 * place) for place, name in enumerate(names)]


def test_news_wait_behind_a_pill_and_a_row_taken_elsewhere_says_by_whom(
    offers, page_as, axe, mara, max, rita
):
    page = page_as(rita, "/inbox/")
    expect(page.locator("[data-live-state]")).to_have_text("Live")
    first = page.locator("#triage [data-row]").first.bounding_box()

    make_offer(rita, mara, name="Dora New")
    accept(handoff=offers[1], actor=max)

    expect(page.locator("[data-fresh]")).to_have_text("1 new")
    expect(page.locator(f"#row-{offers[1].pk}")).to_contain_text("Accepted by Max Manager")
    assert page.locator("#triage [data-row]").first.bounding_box() == first
    axe(page)
    page.locator("[data-fresh]").click()
    expect(page.locator("#triage")).to_contain_text("Dora New")
    expect(page.locator("[data-fresh]")).to_have_count(0)


def test_keys_walk_open_snooze_and_change_to_the_board(offers, page_as, axe, rita):
    page = page_as(rita, "/inbox/?q=r")

    page.keyboard.press("?")
    expect(page.locator("#keys")).to_contain_text("Accept")
    expect(page.locator("#keys").get_by_text("Select")).to_be_hidden()
    expect(page.locator("#keys").get_by_text("Move the focused card")).to_be_hidden()
    page.keyboard.press("Escape")

    page.keyboard.press("j")
    expect(page.locator("#lead:not([hidden]) h2").first).to_contain_text("Berit Second")
    expect(page).to_have_url(f"/inbox/{offers[1].pk}/?q=r")
    page.keyboard.press("s")
    expect(page.locator("#dialog")).to_contain_text("Snooze Berit Second")
    axe(page, "#dialog")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("Berit Second is snoozed until")
    expect(page.locator("#lead h2").first).to_contain_text("Carla Third")
    page.keyboard.press("b")

    expect(page.locator(".lane")).to_have_count(4)
    expect(page.locator(".lane").last).to_contain_text("Berit Second")
    expect(page).to_have_url("/inbox/?q=r&as=board")
    axe(page)
    assert Handoff.objects.get(pk=offers[1].pk).snoozed_until is not None


def test_an_acceptance_that_is_refused_leaves_the_row_where_it_was(offers, page_as, problems, rita):
    page = page_as(rita, "/inbox/")
    expect(page.locator("#lead h2").first).to_contain_text("Anna First")
    page.route("**/acceptance/**", lambda route: route.abort())

    page.keyboard.press("a")

    expect(page.locator("#toasts")).to_contain_text("This was not saved")
    expect(page.locator("#triage [aria-current=true]")).to_contain_text("Anna First")
    expect(page.locator("#lead:not([hidden]) h2").first).to_contain_text("Anna First")
    assert Handoff.objects.get(pk=offers[0].pk).is_open
    problems.clear()  # the lost request, which the page has told about


def test_the_open_lead_follows_what_happens_elsewhere_and_loses_no_text(offers, page_as, rita, max):
    page = page_as(rita, f"/inbox/{offers[1].pk}/")
    expect(page.locator("[data-live-state]")).to_have_text("Live")
    heights = [row.bounding_box() for row in page.locator("#triage [data-row]").all()]
    page.keyboard.press("r")
    page.locator("#dialog [name=note]").fill("They asked for 120 seats")

    accept(handoff=offers[1], actor=max)

    expect(page.locator("#lead [data-outcome]")).to_contain_text("Accepted by Max Manager")
    expect(page.locator("#lead [data-key=a]")).to_have_count(0)
    expect(page.locator("#lead [data-key=l]")).to_have_count(1)
    expect(page.locator("#triage [aria-current=true]")).to_contain_text("Accepted by Max Manager")
    assert page.locator("#dialog [name=note]").input_value() == "They asked for 120 seats"
    assert [row.bounding_box() for row in page.locator("#triage [data-row]").all()] == heights

    undo(handoff=offers[1], actor=max)

    expect(page.locator("#lead [data-key=a]")).to_have_count(1)
    expect(page.locator("#triage [aria-current=true]")).to_contain_text("left")
    expect(page.locator("#triage [data-gone]")).to_have_count(0)
    assert page.locator("#dialog [name=note]").input_value() == "They asked for 120 seats"


def test_a_rejection_shows_the_next_lead_at_once_and_comes_back_when_it_is_lost(
    offers, page_as, problems, rita
):
    RejectReason.objects.get_or_create(digit=1, defaults={"label": "Too small", "consequence": "recycle"})
    page = page_as(rita)
    page.route("**/live/", lambda route: route.abort())
    with page.expect_response(f"**/inbox/{offers[1].pk}/"):  # the next lead is read ahead
        page.goto("/inbox/")
    held = []

    def hold_posts(route):
        held.append(route) if route.request.method == "POST" else route.continue_()

    page.route("**/rejection/**", hold_posts)

    page.keyboard.press("r")
    page.keyboard.press("1")  # the dialog is still on its way
    expect(page.locator("#dialog [data-digit='1']")).to_be_checked()
    page.keyboard.press("n")
    page.keyboard.type("Too small")
    with page.expect_request("**/rejection/**"):
        page.keyboard.press("Control+Enter")

    expect(page.locator("#triage [data-leaving]")).to_contain_text("Anna First")
    expect(page.locator("#triage [aria-current=true]")).to_contain_text("Berit Second")
    expect(page.locator(".pane-main:not([hidden]) h2").first).to_contain_text("Berit Second")
    held.pop().abort()
    expect(page.locator("#toasts")).to_contain_text("This was not saved")
    expect(page.locator("#triage [aria-current=true]")).to_contain_text("Anna First")
    expect(page.locator("#dialog")).to_be_visible()
    assert page.locator("#dialog [name=note]").input_value() == "Too small"
    assert Handoff.objects.get(pk=offers[0].pk).is_open

    page.unroute("**/rejection/**")
    page.keyboard.press("Control+Enter")

    expect(page.locator("#toasts")).to_contain_text("Anna First rejected")
    page.keyboard.press("z")
    expect(page.locator("#toasts")).to_contain_text("Undone")
    problems.clear()  # the lost request, which the page has told about


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_phone_decides_from_a_bar_at_the_thumb(theme, offers, page_as, axe, rita):
    page = page_as(rita, f"/inbox/{offers[0].pk}/", width=390, height=844, theme=theme)
    bar = page.locator(".actionbar")
    expect(bar.locator(".btn:visible")).to_have_text(["AcceptA", "RejectR", "More"])
    boxes = [button.bounding_box() for button in bar.locator(".btn:visible").all()]
    assert all(box["height"] >= 44 for box in boxes)
    assert len({box["y"] for box in boxes}) == 1
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    axe(page)

    bar.get_by_role("button", name="More").click()

    menu = page.locator("#more-actions")
    assert all(button.bounding_box()["height"] >= 44 for button in menu.locator(".btn").all())
    axe(page)
    menu.get_by_text("Snooze").click()
    expect(page.locator("#dialog")).to_contain_text("Snooze Anna First")
