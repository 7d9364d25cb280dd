"""The MQL queue as its readers meet it: pages, fragments, refusals."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from handoff.models import Handoff
from handoff.services.answers import reject
from leads.models import Lead
from scoring.models import Score
from tests.handoff.factories import (
    clock,
    make_cycle,
    make_lead,
    make_offer,
    open_around_the_clock,
    overdue,
    reason,
)

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
QUEUE = "/queue/"
HAND_OFF = "/queue/hand-off/"


def test_the_queue_shows_who_waits_due_first_then_by_score(mara, client_of):
    open_around_the_clock()
    make_cycle(name="Second Lower", total=66)
    make_cycle(name="First Late")
    overdue(clock(Lead.objects.get(last_name="Late").cycles.get(), "hand_off"))

    page = client_of(mara).get(QUEUE).content.decode()

    assert page.index("First Late") < page.index("Second Lower")
    assert "5 min overdue" in page


def test_reps_have_no_queue(rita, client_of):
    assert client_of(rita).get(QUEUE).status_code == 403


def test_a_stranger_is_asked_to_sign_in(client):
    assert client.get(QUEUE).headers["Location"].startswith("/accounts/login/")


def test_the_queue_is_read_only(mara, client_of):
    assert client_of(mara).post(QUEUE).status_code == 405


def test_an_empty_queue_says_what_comes_next(mara, client_of):
    assert "New MQLs appear here by themselves" in client_of(mara).get(QUEUE).content.decode()


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("q=ingrid", {"Ingrid"}),
        ("q=fjell+solheim", {"Ingrid"}),
        ("score=80", {"Amara"}),
        ("band=B", {"Amara"}),
        ("source=WEBINAR", {"Ingrid"}),
        ("country=Ghana", {"Amara"}),
        ("q=nobody", set()),
        ("score=nonsense&band=Z&tab=unheard-of&after=%00broken", {"Ingrid", "Amara"}),
        ("q=%00&source=%00", {"Ingrid", "Amara"}),
    ],
)
def test_filters_narrow_the_view(query, seen, mara, client_of):
    make_cycle(name="Ingrid Solheim", company="Fjellheim", source="Webinar")
    make_cycle(name="Amara Okafor", company="Oduya", total=84, country="Ghana", band="B1")
    Score.objects.filter(total=84).update(band="B1")

    page = client_of(mara).get(f"{QUEUE}?{query}").content.decode()

    rows = page[page.find("queue-rows") :]
    assert {name for name in ("Ingrid", "Amara") if name in rows and "queue-rows" in page} == seen


def test_views_show_what_was_rejected_what_came_back_and_who_is_near(mara, rita, client_of):
    handoff = make_offer(rita, mara, name="Rejected Person")
    reject(handoff=handoff, actor=rita, reason=reason(), note="Budget opens in May.")
    make_cycle(name="Second Chance", n=2)
    make_lead(name="Almost There", total=60)
    marketing = client_of(mara)

    def shown(tab):
        return marketing.get(f"{QUEUE}?tab={tab}").content.decode()

    assert "Budget opens in May." in shown("rejected")
    assert "Second Chance" in shown("again")
    assert "Almost There" in shown("near")


def test_pages_lead_forward_and_back_without_losing_anybody(mara, client_of):
    for number in range(30):
        make_cycle(name=f"Lead Number{number:02}")
    marketing = client_of(mara)

    first = marketing.get(QUEUE)
    second = marketing.get(first.context["next_url"])
    back = marketing.get(second.context["previous_url"])

    names = [[row.lead.name for row, _ in page.context["rows"]] for page in (first, second, back)]
    assert len(set(names[0] + names[1])) == 30
    assert names[2] == names[0]
    assert second.context["next_url"] == ""


def test_fifty_rows_cost_as_many_queries_as_one(mara, client_of):
    marketing = client_of(mara)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            marketing.get(QUEUE)
        return len(captured)

    make_cycle()
    marketing.get(QUEUE)
    one = queries()
    for _ in range(49):
        make_cycle()

    assert queries() == one
    assert one <= 12


def test_the_sheet_is_a_page_of_its_own_without_script(mara, client_of):
    cycle = make_cycle(name="Ingrid Solheim")

    page = client_of(mara).get(reverse("handoff:queue_detail", args=[cycle.pk]))
    fragment = client_of(mara).get(reverse("handoff:queue_detail", args=[cycle.pk]), headers=HTMX)

    assert "<h1>MQL queue</h1>" in page.content.decode()
    assert "<h1" not in fragment.content.decode()
    assert "Ingrid Solheim" in fragment.content.decode()


@pytest.mark.parametrize("pk", [999_999, 10**30])
def test_a_lead_that_is_not_there_is_a_404(pk, mara, client_of):
    assert client_of(mara).get(f"{QUEUE}{pk}/").status_code == 404


@pytest.mark.parametrize("ids", ["", "?cycle=abc", "?cycle=999999", "?cycle=1000000000000000000000000"])
def test_handing_off_nobody_is_a_404(ids, mara, client_of):
    assert client_of(mara).get(f"{HAND_OFF}{ids}").status_code == 404


def test_handing_off_without_script_comes_back_to_the_list_with_a_message(mara, rita, client_of):
    cycle = make_cycle(name="Ingrid Solheim")
    marketing = client_of(mara)

    answer = marketing.post(
        f"{HAND_OFF}?q=ingrid", {"cycle": cycle.pk, "rep": rita.pk, "note": "Call soon."}, follow=True
    )

    assert answer.redirect_chain == [("/queue/?q=ingrid", 302)]
    assert "Ingrid Solheim was handed off to Rita Rep." in answer.content.decode()
    assert Handoff.objects.get().note == "Call soon."


def test_handing_off_answers_with_the_next_lead_the_list_the_counts_and_a_toast(mara, rita, client_of):
    first, second = make_cycle(name="First Person"), make_cycle(name="Second Person")

    answer = client_of(mara).post(HAND_OFF, {"cycle": first.pk, "rep": rita.pk}, headers=HTMX)

    page = answer.content.decode()
    assert answer.headers["HX-Push-Url"] == f"/queue/{second.pk}/"
    assert page.index("Second Person") < page.index('id="queue"')
    assert f'id="row-c{first.pk}"' not in page
    assert 'id="nav-count-queue"' in page
    assert "First Person was handed off to Rita Rep." in page
    assert reverse("handoff:withdraw", args=[Handoff.objects.get().pk]) in page


def test_many_go_round_robin(mara, rita, otto, client_of):
    cycles = [make_cycle() for _ in range(4)]

    client_of(mara).post(HAND_OFF, {"cycle": [cycle.pk for cycle in cycles]})

    assert Handoff.objects.filter(rep=rita).count() == Handoff.objects.filter(rep=otto).count() == 2


def test_all_that_match_can_be_chosen_at_once(mara, rita, client_of):
    for number in range(30):
        make_cycle(name=f"Lead Number{number:02}")
    make_cycle(name="Other Person")

    dialog = client_of(mara).get(f"{HAND_OFF}?all=1&q=number").content.decode()

    assert "Hand off 30 leads" in dialog


def test_a_lead_that_a_colleague_took_is_a_409_and_the_list_is_fresh(mara, rita, otto, client_of):
    handoff = make_offer(rita, mara, name="Ingrid Solheim")

    answer = client_of(mara).post(HAND_OFF, {"cycle": handoff.cycle_id, "rep": otto.pk}, headers=HTMX)

    assert answer.status_code == 409
    assert "Ingrid Solheim was handed to Rita Rep already." in answer.content.decode()
    assert Handoff.objects.get().rep == rita


def test_a_note_too_long_is_refused_and_kept(mara, rita, client_of):
    cycle, note = make_cycle(), "x" * 501

    answer = client_of(mara).post(HAND_OFF, {"cycle": cycle.pk, "rep": rita.pk, "note": note}, headers=HTMX)

    assert answer.status_code == 422
    assert answer.headers["HX-Retarget"] == "#dialog"
    assert note in answer.content.decode()
    assert not Handoff.objects.exists()


@pytest.mark.parametrize("act", ["recycling", "disqualification"])
def test_marketing_sends_back_with_a_reason_and_sales_may_not(act, mara, max, client_of):
    cycle = make_cycle()
    url = f"/queue/{act}/"

    refused = client_of(max).post(url, {"cycle": cycle.pk, "reason": "Too early"})
    unsaid = client_of(mara).post(url, {"cycle": cycle.pk, "reason": " "})
    cycle.refresh_from_db()
    still_open = cycle.closed_at is None
    client_of(mara).post(url, {"cycle": cycle.pk, "reason": "Too early"})

    cycle.refresh_from_db()
    assert (refused.status_code, unsaid.status_code, still_open) == (403, 422, True)
    assert cycle.outcome_reason == "Too early"


def test_a_hand_off_can_be_taken_back(mara, rita, client_of):
    handoff = make_offer(rita, mara, name="Ingrid Solheim")

    answer = client_of(mara).post(reverse("handoff:withdraw", args=[handoff.pk]), headers=HTMX)

    assert "Ingrid Solheim is back in the queue." in answer.content.decode()
    assert not Handoff.objects.open().exists()


def test_an_answered_hand_off_cannot_be_taken_back(mara, rita, client_of):
    handoff = make_offer(rita, mara)
    client_of(rita).post(reverse("handoff:accept", args=[handoff.pk]))

    answer = client_of(mara).post(reverse("handoff:withdraw", args=[handoff.pk]), headers=HTMX)

    assert answer.status_code == 409
    assert "Rita Rep accepted it" in answer.content.decode()


def test_a_forged_form_changes_nothing(mara, rita):
    cycle, forger = make_cycle(), Client(enforce_csrf_checks=True)
    forger.force_login(mara, backend="allauth.account.auth_backends.AuthenticationBackend")

    answer = forger.post(HAND_OFF, {"cycle": cycle.pk, "rep": rita.pk, "csrfmiddlewaretoken": "forged"})

    assert answer.status_code == 403
    assert not Handoff.objects.exists()


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script> Bobby",
        "🦊 🏳️‍🌈",
        "نور الهدى",
        "x" * 150 + " " + "y" * 150,
        "'; DROP TABLE --",
    ],
)
def test_strange_names_do_not_break_the_page(name, mara, rita, client_of):
    cycle = make_cycle(name=name, title=name[:200], source="<b>web</b>", company=name)
    handoff = make_offer(rita, mara, name=name, company=name)

    for url in (
        QUEUE,
        f"{QUEUE}{cycle.pk}/",
        f"{HAND_OFF}?cycle={cycle.pk}",
        f"/leads/{handoff.lead_id}/handoffs/",
    ):
        page = client_of(mara).get(url)
        assert page.status_code == 200
        assert "<script>alert" not in page.content.decode()
    assert "<script>alert" not in client_of(rita).get("/inbox/").content.decode()


def test_counts_name_what_waits_for_each_role(mara, rita, max, client_of):
    make_offer(rita, mara)
    make_cycle()

    def counted(user):
        page = client_of(user).get("/counts/").content.decode()
        return {name for name in ("queue", "inbox") if f'id="nav-count-{name}" hx-swap-oob="true">1<' in page}

    assert (counted(mara), counted(rita), counted(max)) == ({"queue"}, {"inbox"}, {"queue", "inbox"})
