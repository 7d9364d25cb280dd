"""The SQL inbox as reps and managers meet it: list, decision, undo, refusals."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from handoff.models import Handoff, RejectReason, SlaClock
from handoff.services.answers import accept, reject
from handoff.services.sweeps import settle_answers
from handoff.services.touches import log_touch
from leads.models import Lead
from scoring.models import QualificationCycle
from tests.handoff.factories import (
    clock,
    let_time_pass,
    make_cycle,
    make_lead,
    make_offer,
    open_around_the_clock,
    overdue,
    reason,
)

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
INBOX = "/inbox/"


def url(name, handoff):
    return reverse(f"handoff:{name}", args=[handoff.pk])


def test_the_list_is_grouped_and_ordered_by_time_left(mara, rita, client_of):
    open_around_the_clock()
    make_offer(rita, mara, name="Later Person")
    late = make_offer(rita, mara, name="Late Person")
    overdue(clock(late, "accept"))
    accept(handoff=make_offer(rita, mara, name="Worked Person"), actor=rita)

    answer = client_of(rita).get(INBOX)

    found = [
        (group.label, [item.handoff.lead.name for item in group.items]) for group in answer.context["groups"]
    ]
    assert found == [
        ("Due now", ["Late Person"]),
        ("Later", ["Later Person"]),
        ("Working", ["Worked Person"]),
    ]
    assert answer.context["handoff"] == late


def test_an_empty_inbox_says_what_comes_next(rita, client_of):
    assert "Leads that marketing hands to you appear here" in client_of(rita).get(INBOX).content.decode()


def test_the_detail_says_why_now_and_what_happened_before(mara, rita, client_of):
    lead = make_lead(name="Marcus Feld")
    QualificationCycle.objects.create(
        lead=lead,
        n=1,
        version=lead.score.version,
        cause="threshold",
        reason="Old",
        total=70,
        band="A1",
        closed_at="2026-03-11T10:00Z",
        outcome="rejected",
        outcome_reason="No budget this year",
    )
    handoff = make_offer(rita, mara, cycle=make_cycle(lead, n=2))
    accept(handoff=handoff, actor=rita)
    log_touch(handoff=handoff, actor=rita, kind="call", note="Wants a pilot.")

    page = client_of(rita).get(url("inbox_detail", handoff)).content.decode()

    for words in ("Asked for 120 seats.", "Pricing page, 3 visits", "No budget this year", "Wants a pilot."):
        assert words in page


def test_a_strangers_handoff_is_a_404_on_every_address(mara, rita, otto, client_of):
    handoff = make_offer(rita, mara)

    for name in ("inbox_detail", "reject", "touch", "transfer"):
        assert client_of(otto).get(url(name, handoff)).status_code == 404
    for name in ("accept", "reject", "undo", "touch", "transfer", "withdraw"):
        assert client_of(otto).post(url(name, handoff)).status_code == 404
    assert client_of(otto).get(f"/leads/{handoff.lead_id}/handoffs/").status_code == 404


def test_a_marketer_sees_but_does_not_answer(mara, rita, client_of):
    handoff = make_offer(rita, mara)

    codes = [
        client_of(mara).post(url(name, handoff)).status_code
        for name in ("accept", "reject", "touch", "transfer")
    ]

    assert codes == [403] * 4
    assert client_of(mara).get(INBOX).status_code == 403
    assert Handoff.objects.get().is_open


def test_a_rep_does_not_take_an_offer_back(mara, rita, client_of):
    handoff = make_offer(rita, mara)

    assert client_of(rita).post(url("withdraw", handoff)).status_code == 403
    assert Handoff.objects.get().is_open


@pytest.mark.parametrize("name", ["accept", "undo", "withdraw"])
def test_decisions_are_posts(name, mara, rita, client_of):
    assert client_of(rita).get(url(name, make_offer(rita, mara))).status_code == 405


@pytest.mark.parametrize("pk", [999_999, 10**30])
def test_ids_that_are_not_there_are_404(pk, rita, client_of):
    assert client_of(rita).post(f"/handoffs/{pk}/acceptance/").status_code == 404


def test_accepting_answers_with_the_next_lead_the_list_and_an_undo(mara, rita, client_of):
    first, second = make_offer(rita, mara, name="First Person"), make_offer(rita, mara, name="Second Person")
    overdue(clock(first, "accept"))

    answer = client_of(rita).post(url("accept", first), headers=HTMX)

    page = answer.content.decode()
    assert answer.headers["HX-Push-Url"] == f"/inbox/{second.pk}/"
    assert 'id="triage"' in page
    assert url("undo", first) in page
    assert "First Person accepted." in page


def test_accepting_works_without_script(mara, rita, client_of):
    handoff = make_offer(rita, mara, name="Marcus Feld")

    answer = client_of(rita).post(url("accept", handoff), follow=True)

    assert answer.redirect_chain == [(f"/inbox/{handoff.pk}/", 302)]
    assert "Marcus Feld accepted." in answer.content.decode()


@pytest.mark.parametrize("headers", [HTMX, {}], ids=["fragment", "page"])
def test_the_second_tab_is_told_who_was_faster(headers, mara, rita, client_of):
    User.objects.filter(pk=rita.pk).update(time_zone="Pacific/Kiritimati")  # 14 hours ahead
    handoff = make_offer(rita, mara)
    client_of(rita).post(url("accept", handoff), headers=HTMX)

    answer = client_of(rita).post(url("accept", handoff), headers=headers)

    handoff.refresh_from_db()
    here = handoff.accepted_at.astimezone(ZoneInfo("Pacific/Kiritimati"))
    assert answer.status_code == 409
    assert f"Rita Rep accepted it on {here:%-d %b %Y at %H:%M:%S}." in answer.content.decode()
    assert SlaClock.objects.filter(kind="first_touch").count() == 1


def test_rejecting_asks_for_a_reason_and_keeps_what_was_typed(mara, rita, client_of):
    handoff = make_offer(rita, mara)

    answer = client_of(rita).post(url("reject", handoff), {"note": "Spoke to Finance."}, headers=HTMX)

    assert answer.status_code == 422
    assert "Choose a reason." in answer.content.decode()
    assert "Spoke to Finance." in answer.content.decode()
    assert Handoff.objects.get().is_open


def test_a_reason_that_needs_a_note_says_so(mara, rita, client_of):
    handoff, picky = make_offer(rita, mara), reason()
    picky.needs_note = True
    picky.save()
    RejectReason.objects.exclude(pk=picky.pk).update(needs_note=False)

    asked = client_of(rita).get(url("reject", handoff)).content.decode()
    answer = client_of(rita).post(url("reject", handoff), {"reason": picky.pk})

    assert asked.count("Note needed.") == 1
    assert "optional" not in asked
    assert "Some reasons need one; they say so." in asked
    assert answer.status_code == 422
    assert "needs a note" in answer.content.decode()


def test_an_inactive_reason_cannot_be_chosen(mara, rita, client_of):
    handoff, old = make_offer(rita, mara), reason()
    old.active = False
    old.save()

    answer = client_of(rita).post(url("reject", handoff), {"reason": old.pk})

    assert answer.status_code == 422
    assert Handoff.objects.get().is_open


def test_a_rejection_can_be_undone_from_the_toast(mara, rita, client_of):
    handoff = make_offer(rita, mara, name="Marcus Feld")
    rep = client_of(rita)
    rejected = rep.post(url("reject", handoff), {"reason": reason().pk}, headers=HTMX)

    undone = rep.post(url("undo", handoff), headers=HTMX)

    assert url("undo", handoff) in rejected.content.decode()
    assert "Undone. Marcus Feld waits for your decision." in undone.content.decode()
    assert Handoff.objects.get().is_open


def test_an_undo_that_comes_too_late_is_a_409(mara, rita, client_of):
    handoff = accept(handoff=make_offer(rita, mara), actor=rita)
    let_time_pass(handoff, timedelta(seconds=9))

    answer = client_of(rita).post(url("undo", handoff), headers=HTMX)

    assert answer.status_code == 409
    assert "too late to undo" in answer.content.decode()


def test_a_touch_is_logged_from_its_dialog(mara, rita, client_of):
    handoff = accept(handoff=make_offer(rita, mara), actor=rita)

    client_of(rita).post(url("touch", handoff), {"kind": "meeting", "note": "Pilot in May."}, headers=HTMX)

    assert Handoff.objects.get().first_touch_at is not None


def test_a_touch_before_acceptance_is_refused(mara, rita, client_of):
    answer = client_of(rita).post(url("touch", make_offer(rita, mara)), {"kind": "call"}, headers=HTMX)

    assert answer.status_code == 409


def test_a_manager_sees_every_rep_and_moves_a_lead(mara, rita, otto, max, client_of):
    handoff = make_offer(rita, mara, name="Marcus Feld")
    manager = client_of(max)

    everybody = manager.get(INBOX).content.decode()
    only_otto = manager.get(f"{INBOX}?rep={otto.pk}").content.decode()
    manager.post(url("transfer", handoff), {"rep": otto.pk})

    assert "Marcus Feld" in everybody
    assert "Marcus Feld" not in only_otto
    assert Handoff.objects.open().get().rep == otto


def test_a_transfer_needs_a_rep(mara, rita, max, client_of):
    answer = client_of(max).post(url("transfer", make_offer(rita, mara)), {"note": "For you."})

    assert answer.status_code == 422
    assert Handoff.objects.open().get().rep == rita


def test_a_rep_cannot_widen_the_list_by_the_address(mara, rita, otto, client_of):
    make_offer(rita, mara, name="Marcus Feld")

    assert "Marcus Feld" not in client_of(otto).get(f"{INBOX}?rep={rita.pk}").content.decode()


def test_many_handoffs_cost_as_many_queries_as_one(mara, rita, client_of):
    rep = client_of(rita)
    offered = make_offer(rita, mara)
    log_touch(handoff=accept(handoff=make_offer(rita, mara), actor=rita), actor=rita, kind="call")

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            rep.get(url("inbox_detail", offered))
        return len(captured)

    queries()
    few = queries()
    for number in range(18):
        handoff = make_offer(rita, mara)
        if number % 3 == 0:
            accept(handoff=handoff, actor=rita)
        if number % 6 == 0:
            log_touch(handoff=handoff, actor=rita, kind="call")

    assert queries() <= few <= 25


def test_more_rows_follow_without_gap_or_repetition(mara, rita, client_of):
    offers = {make_offer(rita, mara).pk for _ in range(27)}
    rep, seen, address = client_of(rita), [], INBOX

    while address:
        (group,) = rep.get(address, headers=HTMX).context["groups"]
        assert group.total == "27"
        seen += [item.handoff.pk for item in group.items]
        address = group.more_url

    assert len(seen) == 27
    assert set(seen) == offers


def test_the_panel_tells_the_story_of_a_lead(mara, rita, max, client_of):
    handoff = make_offer(rita, mara)
    reject(handoff=handoff, actor=rita, reason=reason("return"), note="Wrong contact.")

    page = client_of(max).get(f"/leads/{handoff.lead_id}/handoffs/", headers=HTMX).content.decode()

    for words in (
        "Became MQL",
        "Offered to Rita Rep by Mara Marketer",
        "Rejected by Rita Rep",
        "Wrong contact.",
    ):
        assert words in page


def test_the_panel_of_a_lead_without_a_cycle_says_so(mara, client_of):
    page = client_of(mara).get(f"/leads/{make_lead().pk}/handoffs/").content.decode()

    assert "Not an MQL yet." in page


def test_a_rep_loses_sight_of_a_lead_they_gave_back(mara, rita, client_of):
    handoff = make_offer(rita, mara)
    reject(handoff=handoff, actor=rita, reason=reason())
    let_time_pass(handoff, timedelta(seconds=9))
    settle_answers()

    assert not Lead.objects.visible_to(rita).exists()
    assert client_of(rita).get(url("inbox_detail", handoff)).status_code == 200
