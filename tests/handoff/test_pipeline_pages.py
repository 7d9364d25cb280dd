"""The pipeline's pages and API: everybody sees what is theirs, nothing is done twice, and nothing typed is lost."""

import re
from decimal import Decimal
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from playwright.sync_api import expect

from handoff.models import CloseReason, Opportunity
from handoff.services.answers import accept
from tests.handoff.factories import make_deal, make_offer, make_pipeline, open_around_the_clock
from tests.handoff.test_races import at_once

pytestmark = pytest.mark.django_db
NEW = {
    "name": "120 seats",
    "amount": "12400",
    "currency": "EUR",
    "key": "9d1f5c1e-5b7c-4d2e-9f10-0a8f5a2b7c11",
}


@pytest.fixture(autouse=True)
def pipeline():
    open_around_the_clock()
    return make_pipeline()


def urls_of(deal):
    return {name: f"/pipeline/{deal.pk}/{name}/" for name in ("details", "stage", "win", "loss", "reopening")}


def undo_of(page):
    """Where the button beside what was just done posts to."""
    return unescape(re.search(r'data-undo.*?action="([^"]+)"', page.content.decode(), re.S)[1])


def test_a_form_sent_twice_opens_one_deal_and_shows_it(client_of, rita, mara):
    handoff = accept(handoff=make_offer(rita, mara), actor=rita)
    client, url = client_of(rita), f"/handoffs/{handoff.pk}/opportunity/"

    first, second = client.post(url, NEW), client.post(url, NEW)
    third = client.post(url, NEW | {"key": "0d1f5c1e-5b7c-4d2e-9f10-0a8f5a2b7c11"}, follow=True)

    deal = Opportunity.objects.get()
    assert first.url == second.url == f"/pipeline/{deal.pk}/"
    assert "Rita Rep opened this deal" in third.content.decode()


def test_a_wrong_amount_is_named_and_what_was_typed_stays(client_of, rita, mara):
    handoff = accept(handoff=make_offer(rita, mara), actor=rita)

    for amount in ("12,400,00", "-1", "1e99", "0.001", "NaN"):
        response = client_of(rita).post(f"/handoffs/{handoff.pk}/opportunity/", NEW | {"amount": amount})

        assert response.status_code == 422
        assert f'value="{amount}"' in response.content.decode()
    assert not Opportunity.objects.exists()


def test_strangers_find_nothing_and_lookers_change_nothing(client_of, rita, otto, mara):
    deal = make_deal(rita, mara)
    before = Opportunity.objects.values().get()

    for url in [f"/pipeline/{deal.pk}/", *urls_of(deal).values()]:
        assert client_of(otto).post(url).status_code in {404, 405}
        assert client_of(otto).get(url).status_code in {404, 405}
    for url in urls_of(deal).values():
        assert client_of(mara).post(url, {"version": deal.version}).status_code == 403

    assert Opportunity.objects.values().get() == before
    assert client_of(mara).get(f"/pipeline/{deal.pk}/").status_code == 200


def test_the_second_tab_is_told_what_stands_and_loses_nothing(client_of, rita, mara, max, pipeline):
    deal = make_deal(rita, mara)
    url = urls_of(deal)["stage"]
    client_of(rita).post(url, {"stage": pipeline["Proposal"].pk, "version": deal.version})

    late = client_of(max).post(url, {"stage": pipeline["Qualified"].pk, "version": deal.version})

    assert late.status_code == 409
    assert "Rita Rep changed this deal meanwhile; it is in “Proposal” now." in late.content.decode()


def test_a_stage_that_ends_the_deal_asks_for_more_first(client_of, rita, mara, pipeline):
    deal = make_deal(rita, mara)
    client, urls = client_of(rita), urls_of(deal)

    asked = client.post(urls["stage"], {"stage": pipeline["Lost"].pk, "version": deal.version})
    unreasoned = client.post(urls["loss"], {"version": deal.version})
    lost = client.post(
        urls["loss"], {"version": deal.version, "reason": CloseReason.objects.get(label="Price").pk}
    )

    assert asked.url == urls["loss"]
    assert unreasoned.status_code == 422
    assert lost.status_code == 302
    assert Opportunity.objects.get().outcome == "lost"


@pytest.mark.parametrize("end", ["stage", "win", "loss"])
@pytest.mark.parametrize("board", [False, True], ids=["deal", "board"])
def test_without_script_too_what_was_done_to_a_deal_can_be_taken_back(
    end, board, client_of, rita, mara, pipeline
):
    deal, client = make_deal(rita, mara), client_of(rita)
    typed = {
        "stage": {"stage": pipeline["Proposal"].pk},
        "win": {"amount": "9", "currency": "EUR"},
        "loss": {"reason": CloseReason.objects.get(label="Price").pk},
    }[end]
    url = urls_of(deal)[end] + ("?at=board&currency=EUR" if board else "")

    page = client.post(url, typed | {"version": deal.version}, follow=True)
    assert Opportunity.objects.get().stage != deal.stage
    client.post(undo_of(page))

    assert Opportunity.objects.open().get().stage == deal.stage


def test_a_loss_says_which_reasons_need_a_note_before_it_is_sent(client_of, rita, mara):
    deal, rep = make_deal(rita, mara), client_of(rita)
    CloseReason.objects.update(needs_note=False)
    before = rep.get(urls_of(deal)["loss"]).content.decode()

    CloseReason.objects.filter(label="Price").update(needs_note=True)
    after = rep.get(urls_of(deal)["loss"]).content.decode()

    assert ("optional" in before, "Note needed." in before) == (True, False)
    assert ("optional" in after, "Note needed." in after) == (False, True)
    assert "Some reasons need one; they say so." in after


def test_board_and_list_share_filters_and_cost_the_same_for_many(client_of, rita, otto, mara, max):
    make_deal(rita, mara, name="Ingrid Solheim", currency="EUR")
    make_deal(otto, mara, name="Marcus Feld", currency="USD")
    client = client_of(max)

    def cost(url):
        with CaptureQueriesContext(connection) as queries:
            page = client.get(url).content.decode()
        return len(queries), page

    few, page = cost("/pipeline/?currency=USD")
    few_listed, listed = cost("/pipeline/?view=list&currency=USD")
    for _ in range(28):
        make_deal(rita, mara, currency="USD")

    many, _ = cost("/pipeline/?currency=USD")
    many_listed, long = cost("/pipeline/?view=list&currency=USD")
    assert (many, many_listed) == (few, few_listed)
    assert all("Marcus Feld" in each and "Ingrid Solheim" not in each for each in (page, listed))
    assert 'rel="next"' in long


def test_the_api_opens_moves_and_wins_once(api_with, rita, mara, pipeline):
    handoff = accept(handoff=make_offer(rita, mara), actor=rita)
    api = api_with("opportunities:read", "opportunities:write", actor=rita)
    body = {"handoff": handoff.pk, "name": "120 seats", "amount": "12400.00", "currency": "EUR"}

    made = api.post("/api/opportunities/", body, HTTP_IDEMPOTENCY_KEY="one")
    replayed = api.post("/api/opportunities/", body, HTTP_IDEMPOTENCY_KEY="one")
    twice = api.post("/api/opportunities/", body)
    path = f"/api/opportunities/{made.json()['id']}"
    moved = api.post(f"{path}/stage/", {"stage": pipeline["Proposal"].pk, "version": 1})
    stale = api.post(f"{path}/win/", {"version": 1, "amount": "15000", "currency": "EUR"})
    won = api.post(f"{path}/win/", {"version": 2, "amount": "15000", "currency": "EUR"})

    statuses = [each.status_code for each in (made, replayed, twice, moved, stale, won)]
    assert statuses == [201, 201, 409, 200, 409, 200]
    assert (won.json()["outcome"], Opportunity.objects.get().amount) == ("won", Decimal(15000))
    assert (
        api_with("opportunities:read", actor=rita).post(f"{path}/reopening/", {"version": 3}).status_code
        == 403
    )
    assert api.get("/api/pipeline-stages/").status_code == api.get("/api/close-reasons/").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_four_tabs_at_once_open_one_deal_and_win_it_once(rita, mara):
    from handoff.services.opportunities import Terms, open_opportunity, win

    make_pipeline()
    handoff = accept(handoff=make_offer(rita, mara), actor=rita)
    opened = at_once(*[lambda: open_opportunity(handoff=handoff, actor=rita, terms=Terms("One"))] * 4)
    deal = Opportunity.objects.get()

    def take():
        row = Opportunity.objects.select_related("handoff__cycle", "lead").get()
        return win(opportunity=row, actor=rita, version=1, amount=Decimal(5), currency="EUR")

    at_once(*[take] * 4)

    assert sum(isinstance(each, Opportunity) for each in opened) == 1
    assert deal.steps.filter(stage__kind="won").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_rep_works_deals_by_keyboard_and_by_hand(page_as, axe, rita, mara):
    make_pipeline()
    CloseReason.objects.get_or_create(label="No budget")
    make_deal(rita, mara, name="Ingrid Solheim", company="Fjellheim")
    handoff = accept(handoff=make_offer(rita, mara, name="Marcus Feld", company="Brackenfield"), actor=rita)
    page = page_as(rita, f"/inbox/{handoff.pk}/")

    page.keyboard.press("d")
    page.get_by_label("Amount").fill("900")
    page.locator("#dialog").get_by_role("button", name="Open deal").click()
    expect(page.locator("h1")).to_have_text("Brackenfield")
    page.goto("/pipeline/")
    axe(page)
    page.get_by_role("link", name="Brackenfield", exact=True).focus()
    page.keyboard.press("m")
    page.locator("#dialog").get_by_text("Proposal").click()
    page.locator("#dialog").get_by_role("button", name="Move").click()
    expect(page.locator("#toasts")).to_contain_text("Brackenfield is in “Proposal” now.")
    expect(page.get_by_role("link", name="Brackenfield", exact=True)).to_be_focused()
    page.locator("[data-deal]", has_text="Fjellheim").drag_to(page.locator("[data-kind=won]"))
    page.locator("#dialog").get_by_role("button", name="Won").click()
    expect(page.locator("[data-kind=won]")).to_contain_text("Fjellheim")
    page.keyboard.press("z")

    expect(page.locator("[data-kind=won]")).not_to_contain_text("Fjellheim")
    page.get_by_role("link", name="Fjellheim", exact=True).click()
    axe(page)
    phone = page_as(rita, "/pipeline/?view=list", width=390, height=844, theme="dark")
    axe(phone)
