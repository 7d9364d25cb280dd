"""Queue and inbox in a real browser: keys, two tabs, no script, small screens, a screen reader's view."""

import pytest
from playwright.sync_api import expect

from handoff.models import Handoff
from handoff.services.answers import accept
from handoff.services.touches import log_touch
from tests.handoff.factories import clock, make_cycle, make_offer, open_around_the_clock, overdue, reason

pytestmark = pytest.mark.django_db(transaction=True)
SCREENS = [(1440, 900, "light"), (1440, 900, "dark"), (390, 844, "light"), (390, 844, "dark")]


@pytest.fixture
def company(mara, rita):
    """A queue and an inbox with something of everything."""
    open_around_the_clock()
    reason()
    names = ["Priya Raman", "Ingrid Solheim", "Amara Okafor", "نور الهدى", "Tomás 🦊 Herrera"]
    for place, name in enumerate(names):
        make_cycle(name=name, company=f"Company {place}", total=90 - 6 * place, title="Operations Director")
    late = make_offer(rita, mara, name="Hanna Virtanen", company="Saimaa Care", total=86)
    overdue(clock(late, "accept"))
    make_offer(rita, mara, name="Marcus Feld", company="Brackenfield Clinics", total=91)
    worked = accept(handoff=make_offer(rita, mara, name="Greta Lindholm", total=77), actor=rita)
    log_touch(handoff=worked, actor=rita, kind="call", note="Wants a pilot.")


@pytest.mark.parametrize(("width", "height", "theme"), SCREENS)
def test_the_pages_are_accessible(width, height, theme, company, page_as, axe, mara, rita):
    queue = page_as(mara, "/queue/", width=width, height=height, theme=theme)
    axe(queue)
    queue.get_by_role("link", name="Ingrid Solheim", exact=True).click()
    expect(queue.locator("#sheet h2").first).to_contain_text("Ingrid Solheim")
    axe(queue)

    inbox = page_as(rita, "/inbox/", width=width, height=height, theme=theme)
    axe(inbox)


def test_a_marketer_hands_off_with_the_keyboard(company, page_as, mara, rita):
    page = page_as(mara, "/queue/")

    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#sheet h2").first).to_contain_text("Priya Raman")
    page.keyboard.press("h")
    expect(page.get_by_label("Sales rep")).to_be_focused()
    page.keyboard.type("Rita")
    page.get_by_label("Why now").fill("Asked for a quote.")
    page.keyboard.press("Control+Enter")

    expect(page.locator("#toasts")).to_contain_text("Priya Raman was handed off to Rita Rep.")
    expect(page.locator("#queue-rows")).not_to_contain_text("Priya Raman")
    expect(page.locator("#sheet h2").first).to_contain_text("Ingrid Solheim")
    assert Handoff.objects.get(lead__first_name="Priya").note == "Asked for a quote."


def test_enter_does_what_the_button_of_the_dialog_says(company, page_as, mara, rita):
    page = page_as(mara, "/queue/")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#sheet h2").first).to_contain_text("Priya Raman")
    page.keyboard.press("h")
    expect(page.get_by_label("Sales rep")).to_be_focused()
    page.keyboard.type("Rita")

    page.keyboard.press("Enter")

    expect(page.locator("#toasts")).to_contain_text("Priya Raman was handed off to Rita Rep.")


def test_many_are_handed_off_from_the_bulk_bar(company, page_as, mara, rita):
    page = page_as(mara, "/queue/")

    page.get_by_label("Select Ingrid Solheim").check()
    page.get_by_label("Select Amara Okafor").check()
    expect(page.locator("[data-bulk-count]")).to_have_text("2 selected")
    page.keyboard.press("h")
    page.locator("#dialog").get_by_role("button", name="Hand off").click()

    expect(page.locator("#toasts")).to_contain_text("2 leads were handed off.")
    expect(page.locator("#queue-rows")).not_to_contain_text("Amara Okafor")


def test_a_rep_accepts_with_the_keyboard_and_takes_it_back(company, page_as, rita):
    page = page_as(rita, "/inbox/")

    expect(page.locator("#lead h2").first).to_contain_text("Hanna Virtanen")
    page.keyboard.press("a")
    expect(page.locator("#toasts")).to_contain_text("Hanna Virtanen accepted.")
    expect(page.locator("#lead h2").first).to_contain_text("Marcus Feld")
    page.keyboard.press("z")

    expect(page.locator("#toasts")).to_contain_text("Undone.")
    expect(page.locator("#lead h2").first).to_contain_text("Hanna Virtanen")
    assert Handoff.objects.get(lead__last_name="Virtanen").is_open


def test_a_rep_rejects_with_the_keyboard(company, page_as, axe, rita):
    page = page_as(rita, "/inbox/")

    page.keyboard.press("r")
    expect(page.locator("#dialog")).to_contain_text("Reject Hanna Virtanen")
    axe(page, "#dialog")
    page.keyboard.press(str(reason().digit))
    page.keyboard.press("Enter")

    expect(page.locator("#toasts")).to_contain_text("Hanna Virtanen rejected")
    expect(page.locator("#triage")).not_to_contain_text("Hanna Virtanen")
    assert Handoff.objects.get(lead__last_name="Virtanen").rejected_at is not None


def test_a_rejection_without_a_reason_stays_open_and_keeps_the_note(company, page_as, rita):
    page = page_as(rita, "/inbox/")

    page.keyboard.press("r")
    page.locator("#dialog").get_by_label("Note").fill("Spoke to Finance.")
    page.locator("#dialog").get_by_role("button", name="Reject").click()

    expect(page.locator("#dialog")).to_contain_text("Choose a reason.")
    expect(page.locator("#dialog").get_by_label("Note")).to_have_value("Spoke to Finance.")


def test_of_two_tabs_the_second_is_told_who_was_faster(company, page_as, rita):
    first, second = page_as(rita, "/inbox/"), page_as(rita)
    second.route("**/live/", lambda route: route.abort())  # it has not heard yet
    second.goto("/inbox/")

    first.keyboard.press("a")
    expect(first.locator("#toasts")).to_contain_text("accepted")
    second.keyboard.press("a")

    expect(second.locator("#lead")).to_contain_text("Rita Rep accepted it on")


def test_accept_works_without_script_and_can_be_taken_back(company, page_as, rita):
    page = page_as(rita, "/inbox/", javascript=False)

    page.get_by_role("button", name="Accept").click()
    expect(page.locator("#toasts")).to_contain_text("Hanna Virtanen accepted.")
    page.locator("#toasts").get_by_role("button", name="Undo").click()

    expect(page.locator("#toasts")).to_contain_text("Undone. Hanna Virtanen waits for your decision.")
    expect(page.get_by_role("button", name="Accept")).to_be_visible()


def test_hand_off_works_without_script_and_can_be_taken_back(company, page_as, mara, rita):
    page = page_as(mara, "/queue/", javascript=False)

    page.get_by_role("link", name="Hand off Priya Raman").click()
    page.get_by_role("button", name="Hand off").click()
    expect(page.locator("#toasts")).to_contain_text("Priya Raman was handed off to Rita Rep.")
    page.locator("#toasts").get_by_role("button", name="Undo").click()

    expect(page.get_by_role("link", name="Hand off Priya Raman")).to_be_visible()


def test_a_phone_shows_the_list_or_one_lead(company, page_as, rita):
    page = page_as(rita, "/inbox/", width=390, height=844)

    expect(page.locator("#lead")).to_be_hidden()
    page.locator(".triage").get_by_text("Marcus Feld").click()
    expect(page.locator("#lead h2").first).to_contain_text("Marcus Feld")
    expect(page.locator("#triage")).to_be_hidden()
    page.get_by_role("link", name="Inbox", exact=True).first.click()

    expect(page.locator("#triage")).to_be_visible()
