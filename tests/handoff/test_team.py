"""The manager's board: load, moving leads, capacity and absences; nobody is compared on a handful of answers."""

import re

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from playwright.sync_api import expect

from handoff.models import Absence, Handoff, Holding, RoundRobinSeat
from handoff.services.answers import accept, reject
from handoff.services.draining import drain
from handoff.services.news import tell_queue
from handoff.services.offers import offer_or_hold
from handoff.services.staffing import add_absence
from handoff.services.touches import log_touch
from handoff.team import ENOUGH, SHOWN, compared
from tests.handoff.factories import clock, make_cycle, make_offer, open_around_the_clock, overdue, reason
from tests.handoff.test_races import at_once

pytestmark = pytest.mark.django_db


def page(client, path="/team/"):
    return client.get(path).content.decode()


def test_the_board_shows_who_has_how_much_and_what_waits(max, rita, otto, mara, client_of):
    RoundRobinSeat.objects.create(rep=rita, max_open=2)
    RoundRobinSeat.objects.create(rep=otto, max_open=0)
    late = make_offer(rita, mara, name="Late One")
    make_offer(rita, mara, name="Other One")
    overdue(clock(late, "accept"))
    offer_or_hold(cycle=make_cycle(name="Held One"), actor=mara)

    found = page(client_of(max))

    assert "Full, 2 of 2 offers unanswered" in found
    assert found.index("Late One") < found.index("Other One")
    assert "1</span> overdue" in found
    assert "Held One" in found


@pytest.mark.parametrize("path", ["/team/", "/team/{rep}/capacity/", "/team/{rep}/absences/"])
def test_only_managers_and_admins_see_it(path, ada, max, rita, mara, client_of, client):
    path = path.format(rep=rita.pk)

    answers = [client_of(user).get(path).status_code for user in (max, ada, rita, mara)]

    assert answers == [200, 200, 403, 403]
    assert client.get(path).status_code == 302


def test_a_lead_moves_to_another_rep_answered_or_not(max, rita, otto, mara, client_of):
    offered, worked = make_offer(rita, mara, name="New One"), make_offer(rita, mara, name="Worked One")
    accept(handoff=worked, actor=rita)
    manager = client_of(max)

    for handoff in (offered, worked):
        answer = manager.post(f"/team/handoffs/{handoff.pk}/rep/", {"rep": otto.pk}, follow=True)

    assert "Worked One is with Otto Other now." in answer.content.decode()
    assert Handoff.objects.live().filter(rep=otto).count() == 2


def test_a_move_without_a_rep_or_too_late_changes_nothing_and_says_why(max, rita, otto, mara, client_of):
    handoff, manager = make_offer(rita, mara), client_of(max)
    fragment = {"HX-Request": "true"}
    url = f"/team/handoffs/{handoff.pk}/rep/"

    nobody = manager.post(url, {"rep": mara.pk}, headers=fragment)
    manager.post(url, {"rep": otto.pk}, headers=fragment)
    late = manager.post(url, {"rep": otto.pk}, headers=fragment)

    assert nobody.status_code == late.status_code == 409
    assert "already been answered" in late.content.decode()
    assert Handoff.objects.live().get().rep == otto


def test_after_a_move_the_keyboard_goes_on_at_the_lead_or_at_the_next_place_that_is_shown(
    max, rita, otto, mara, client_of
):
    cycle, manager = make_offer(rita, mara).cycle, client_of(max)
    for _ in range(SHOWN):
        make_offer(otto, mara)

    def focused(rep, team=""):
        url = f"/team/handoffs/{Handoff.objects.live().get(cycle=cycle).pk}/rep/?team={team}"
        page = manager.post(url, {"rep": rep.pk}, headers={"HX-Request": "true"}).content.decode()
        return re.findall(r'href="([^"]+)"[^>]* data-focus', page)

    assert focused(otto) == [f"/inbox/?rep={otto.pk}"]  # the seventh of his leads, and six are shown
    assert focused(rita) == [f"/inbox/{Handoff.objects.live().get(rep=rita).pk}/"]
    assert focused(otto, team=rita.team_id) == [f"/inbox/?rep={rita.pk}"]  # he is not on this page


@pytest.mark.parametrize("user", ["rita", "mara", "otto"])
def test_others_neither_move_nor_staff(user, request, rita, otto, mara, client_of):
    handoff = make_offer(rita, mara)
    absence = Absence.objects.create(rep=rita, starts_at=timezone.now())
    client = client_of(request.getfixturevalue(user))
    posts = {
        f"/team/handoffs/{handoff.pk}/rep/": {"rep": otto.pk},
        f"/team/{rita.pk}/capacity/": {"weight": 9},
        f"/team/{rita.pk}/absences/": {"starts_at": "2026-01-01T00:00", "most_owed": 2},
        f"/team/absences/{absence.pk}/ending/": {},
    }

    assert {client.post(url, data).status_code for url, data in posts.items()} == {403}
    assert Handoff.objects.live().get().rep == rita
    assert Absence.objects.get().ends_at is None


def test_more_capacity_lets_the_oldest_held_lead_go(max, rita, mara, client_of):
    RoundRobinSeat.objects.create(rep=rita, max_open=0)
    offer_or_hold(cycle=make_cycle(name="Held One"), actor=mara)

    client_of(max).post(f"/team/{rita.pk}/capacity/", {"active": "on", "weight": 2, "max_open": 5})
    drain()

    assert RoundRobinSeat.objects.get(rep=rita).weight == 2
    assert Handoff.objects.get().rep == rita
    assert not Holding.objects.filter(released_at=None).exists()


def test_an_absence_is_kept_and_ended(max, rita, otto, client_of):
    manager = client_of(max)
    manager.post(
        f"/team/{rita.pk}/absences/",
        {"starts_at": "2026-01-01T09:00", "ends_at": "2999-01-01T09:00", "cover": otto.pk, "most_owed": 1},
    )
    absence = Absence.objects.get()
    assert "Otto Other stands in" in page(manager)

    manager.post(f"/team/absences/{absence.pk}/ending/")

    absence.refresh_from_db()
    assert absence.ends_at.year < 2999
    assert "stands in" not in page(manager)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ends_at": "2025-12-31T09:00"}, "ends after it began"),
        ({"starts_at": "soon"}, "valid date"),
        ({"most_owed": "-1"}, "greater than or equal to 0"),
        ({"cover": "999999"}, "valid choice"),
    ],
)
def test_a_wrong_absence_is_refused_with_the_field_and_keeps_what_was_typed(
    change, words, max, rita, otto, client_of
):
    typed = {"starts_at": "2026-01-01T09:00", "ends_at": "", "cover": "", "most_owed": "2"} | change

    answer = client_of(max).post(f"/team/{rita.pk}/absences/", typed)

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Absence.objects.exists()


def away(start, end=""):
    return {"starts_at": start, "ends_at": end, "cover": "", "most_owed": "2"}


@pytest.mark.parametrize(
    ("saved", "again"),
    [
        (("2030-01-01T09:00", "2030-01-08T09:00"), ("2030-01-01T09:00", "2030-01-08T09:00")),
        (("2030-01-01T09:00", "2030-01-08T09:00"), ("2030-01-07T09:00", "2030-01-09T09:00")),
        (("2030-01-01T09:00", ""), ("2031-01-01T09:00", "2031-01-02T09:00")),
        (("2030-01-01T09:00", "2030-01-08T09:00"), ("2029-01-01T09:00", "")),
    ],
    ids=["the same", "the end", "no end yet", "around it"],
)
def test_absences_of_one_rep_never_overlap(saved, again, max, rita, otto, client_of):
    manager, url = client_of(max), f"/team/{rita.pk}/absences/"
    manager.post(url, away(*saved))

    answer = manager.post(url, away(*again))
    manager.post(f"/team/{otto.pk}/absences/", away(*again))

    assert answer.status_code == 422
    assert "Rita Rep is away" in str(answer.context["form"].errors["starts_at"])
    assert f'value="{again[0]}"' in answer.content.decode()
    assert [each.rep for each in Absence.objects.order_by("pk")] == [rita, otto]


def test_an_absence_begins_when_the_one_before_ends(max, rita, client_of):
    manager, url = client_of(max), f"/team/{rita.pk}/absences/"

    manager.post(url, away("2030-01-01T09:00", "2030-01-08T09:00"))
    manager.post(url, away("2030-01-08T09:00"))

    assert Absence.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_four_tabs_that_save_one_absence_one_wins(max, rita):
    start = timezone.now()
    refused = at_once(
        *[lambda: add_absence(rep=rita, actor=max, starts_at=start, ends_at=None, cover=None, most_owed=2)]
        * 4
    )

    assert Absence.objects.count() == 1
    assert len([problem for problem in refused if isinstance(problem, ValidationError)]) == 3


def test_one_absence_is_said_once(max, rita, client_of):
    Absence.objects.create(rep=rita, starts_at=timezone.now())

    found = page(client_of(max))

    assert 'data-tone="warn">Away</span>' in found
    assert found.count("to not known") == 1


def test_leads_of_somebody_who_left_are_seen_and_moved(max, rita, otto, mara, client_of):
    offered, worked = make_offer(rita, mara, name="New One"), make_offer(rita, mara, name="Worked One")
    log_touch(handoff=accept(handoff=worked, actor=rita), actor=rita, kind="call")
    manager = client_of(max)
    before = page(manager)
    rita.is_active = False
    rita.save()

    left = page(manager)
    for handoff in (offered, worked):
        manager.post(f"/team/handoffs/{handoff.pk}/rep/", {"rep": otto.pk})

    assert "Left, with open leads" not in before
    for words in ("Left, with open leads", "2</span> open leads", "New One", "Worked One"):
        assert words in left
    assert Handoff.objects.live().filter(rep=otto).count() == 2
    assert "Left, with open leads" not in page(manager)


def test_many_leads_of_somebody_who_left_cost_no_more_queries(max, rita, otto, mara, client_of):
    manager, counted = client_of(max), []
    for more in (1, 9):
        rita.is_active = True
        rita.save()
        for _ in range(more):
            make_offer(rita, mara)
        rita.is_active = False
        rita.save()
        page(manager)
        with CaptureQueriesContext(connection) as queries:
            found = page(manager)
        counted.append(len(queries))

    assert "4</span> more in the inbox" in found
    assert counted[0] == counted[1]


def test_acceptance_is_shown_only_from_ten_answers_on(max, rita, mara, client_of):
    make_offer(rita, mara)
    for _ in range(ENOUGH - 1):
        accept(handoff=make_offer(rita, mara), actor=rita)
    manager = client_of(max)
    few = page(manager)
    accept(handoff=make_offer(rita, mara), actor=rita)

    assert "not enough yet, 9 of 10 answers" in few
    assert "Accepted 10 of 10 in 90 days (100%)" in page(manager)


def test_what_is_to_be_expected_follows_the_leads_somebody_got():
    records = compared([(1, "A", 10, 9), (1, "C", 10, 1), (2, "A", 10, 7), (3, "C", 10, 3)])

    assert {rep: record.expected for rep, record in records.items()} == {1: 10.0, 2: 8.0, 3: 2.0}


def test_twenty_leads_cost_as_many_queries_as_two(max, rita, otto, mara, client_of):
    manager = client_of(max)
    counted = []
    for more in (1, 9):
        for rep in (rita, otto):
            for _ in range(more):
                make_offer(rep, mara)
        page(manager)
        with CaptureQueriesContext(connection) as queries:
            page(manager)
        counted.append(len(queries))

    assert counted[0] == counted[1] <= 25


@pytest.mark.django_db(transaction=True)
def test_a_lead_is_dragged_and_moved_by_keyboard_and_capacity_is_set(page_as, axe, max, rita, otto, mara):
    open_around_the_clock()
    make_offer(rita, mara, name="First One")
    make_offer(rita, mara, name="Second One")
    board = page_as(max, "/team/")
    axe(board)

    board.get_by_label("First One", exact=True).drag_to(board.get_by_role("region", name="Otto Other"))
    expect(board.locator("#toasts")).to_contain_text("First One is with Otto Other now.")
    choice = board.get_by_label("Move Second One to")
    choice.focus()
    choice.select_option(label="Otto Other")
    board.keyboard.press("Tab")
    board.keyboard.press("Enter")
    expect(board.locator("#toasts")).to_contain_text("Second One is with Otto Other now.")
    moved = board.get_by_role("region", name="Otto Other").get_by_role("link", name="Second One", exact=True)
    expect(moved).to_be_focused()

    board.get_by_role("link", name="Capacity of Otto Other").click()
    axe(board)
    board.get_by_label("Unanswered offers at most").fill("2")
    board.get_by_role("button", name="Save").click()
    expect(board.get_by_role("region", name="Otto Other")).to_contain_text("Full, 2 of 2")
    expect(board.get_by_role("link", name="Capacity of Otto Other")).to_be_focused()


@pytest.mark.django_db(transaction=True)
def test_the_board_works_without_script_on_a_phone_in_the_dark(page_as, axe, max, rita, otto, mara):
    make_offer(rita, mara, name="First One")
    axe(page_as(max, "/team/", width=390, height=844, theme="dark"))
    plain = page_as(max, "/team/", width=390, height=844, javascript=False)

    plain.get_by_label("Move First One to").select_option(label="Otto Other")
    plain.get_by_role("button", name="Move First One").click()

    expect(plain.locator("#toasts")).to_contain_text("First One is with Otto Other now.")


@pytest.mark.django_db(transaction=True)
def test_the_board_and_the_queue_follow_the_news_and_disturb_nobody(page_as, axe, max, rita, otto, mara):
    open_around_the_clock()
    kept, other = make_offer(rita, mara, name="Anna First"), make_offer(rita, mara, name="Berit Second")
    board, queue = page_as(max), page_as(mara)
    for page, path in ((board, "/team/"), (queue, "/queue/")):
        with page.expect_response("**/live/"):
            page.goto(path)

    reject(handoff=other, actor=rita, reason=reason())
    make_cycle(name="Carla Third")
    tell_queue("qualified")

    expect(board.locator("#team")).not_to_contain_text("Berit Second")
    expect(queue.locator("#queue")).to_contain_text("Carla Third")
    chosen = board.locator(f"#to-{kept.pk}")
    chosen.select_option(str(otto.pk))
    make_offer(otto, mara, name="Dora New")
    expect(board.get_by_role("button", name="Changed, show")).to_be_visible()
    assert chosen.input_value() == str(otto.pk)
    axe(board)
    board.get_by_role("button", name="Changed, show").click()
    expect(board.locator("#team")).to_contain_text("Dora New")
