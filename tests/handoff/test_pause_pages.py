"""Pausing from the inbox: a dialog or a page, a reason, and the clocks stand still."""

import pytest
from playwright.sync_api import expect

from handoff.models import ClockPause
from handoff.services.answers import accept
from handoff.services.pauses import pause
from tests.handoff.factories import clock, make_offer, open_around_the_clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def worked(mara, rita):
    open_around_the_clock()
    return accept(handoff=make_offer(rita, mara), actor=rita)


def test_without_a_reason_nothing_is_paused_and_what_was_typed_stays(worked, rita, client_of):
    url = f"/handoffs/{worked.pk}/pause/"

    answer = client_of(rita).post(url, {"note": "Back on Monday", "until": "some day"})

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Choose why the promise waits." in page
    assert "such as 2026-11-18 09:30" in page
    assert "Back on Monday" in page
    assert not ClockPause.objects.exists()


def test_without_script_a_pause_and_its_end_are_said_on_the_next_page(worked, rita, client_of):
    rep = client_of(rita)

    paused = rep.post(f"/handoffs/{worked.pk}/pause/", {"reason": "away", "note": "On leave"}, follow=True)
    resumed = rep.post(f"/handoffs/{worked.pk}/resumption/", follow=True)

    assert "The lead is out of office." in paused.content.decode()
    assert "“On leave”" in paused.content.decode()
    assert "run again" in resumed.content.decode()
    assert clock(worked, "first_touch").due_at


def test_a_second_tab_is_told_that_the_clocks_stand_still_already(worked, rita, max, client_of):
    pause(handoff=worked, actor=max, reason="inside")

    answer = client_of(rita).post(f"/handoffs/{worked.pk}/pause/", {"reason": "away"})

    assert answer.status_code == 409
    assert "paused already" in answer.content.decode()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("width", "theme"), [(1440, "dark"), (390, "light")])
def test_p_pauses_and_p_resumes(width, theme, mara, rita, page_as, axe):
    open_around_the_clock()
    handoff = accept(handoff=make_offer(rita, mara), actor=rita)
    page = page_as(rita, f"/inbox/{handoff.pk}/", width=width, theme=theme)

    page.keyboard.press("p")
    page.get_by_label("Waiting for the lead").check()
    axe(page)
    page.locator("#dialog").get_by_role("button", name="Pause").click()
    expect(page.locator("#lead")).to_contain_text("Waiting for the lead.")
    axe(page)
    page.keyboard.press("p")

    expect(page.locator("#lead")).not_to_contain_text("Waiting for the lead.")
    assert clock(handoff, "first_touch").pauses.get().resumed_by == rita
