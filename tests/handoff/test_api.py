"""Handoffs over the REST API: hand over, accept, reject; one winner, and the loser is told who and when."""

import pytest

from handoff.models import Handoff, RejectReason
from leads.models import Lead
from scoring.models import QualificationCycle
from tests.handoff.factories import make_cycle, make_lead, make_offer

SCOPES = ("handoffs:read", "handoffs:write")


@pytest.fixture
def marketing(api_with, mara):
    return api_with(*SCOPES, actor=mara)


@pytest.fixture
def hers(api_with, rita):
    return api_with(*SCOPES, actor=rita)


def test_marketing_hands_over_and_the_rep_accepts(marketing, hers, rita):
    cycle = make_cycle()

    offered = marketing.post(
        "/api/handoffs/", {"lead": cycle.lead_id, "rep": rita.pk, "note": "Asked twice."}
    )
    accepted = hers.post(f"/api/handoffs/{offered.json()['id']}/acceptance/")

    assert (offered.status_code, accepted.status_code) == (201, 201)
    assert offered.json()["state"] == "open"
    assert [clock["kind"] for clock in offered.json()["clocks"]] == ["accept"]
    assert accepted.json()["state"] == "accepted"
    assert Lead.objects.get(pk=cycle.lead_id).stage == "sql"


def test_without_a_rep_it_is_the_next_ones_turn(marketing, rita):
    cycle = make_cycle()

    offered = marketing.post("/api/handoffs/", {"lead": cycle.lead_id})

    assert offered.json()["rep"] == rita.pk


def test_a_rejection_needs_a_reason_that_exists_and_its_note(marketing, hers, mara, rita):
    handoff = make_offer(rita, mara)
    strict = RejectReason.objects.filter(active=True).first()
    RejectReason.objects.filter(pk=strict.pk).update(needs_note=True)
    path = f"/api/handoffs/{handoff.pk}/rejection/"

    for body in ({}, {"reason": 0}, {"reason": "x"}, {"reason": strict.digit}):
        assert hers.post(path, body).status_code == 400
    assert Handoff.objects.get().is_open

    rejected = hers.post(path, {"reason": strict.digit, "note": "Left the company."})

    assert rejected.status_code == 201
    assert (rejected.json()["state"], rejected.json()["reject_reason"]) == ("rejected", strict.label)


def test_the_second_answer_is_told_who_and_when(hers, api_with, mara, rita, max):
    handoff = make_offer(rita, mara)
    hers.post(f"/api/handoffs/{handoff.pk}/acceptance/")

    late = api_with(*SCOPES, actor=max).post(f"/api/handoffs/{handoff.pk}/rejection/", {"reason": 1})

    assert late.status_code == 409
    assert late.json()["answered_by"] == "Rita Rep"
    assert late.json()["answered_at"]
    assert "already been answered" in late.json()["error"]


def test_the_second_answer_is_told_which_token_was_first_when_nobody_owns_it(hers, api_with, mara, rita):
    handoff = make_offer(rita, mara)
    path = f"/api/handoffs/{handoff.pk}"
    assert api_with(*SCOPES, actor=None).post(f"{path}/acceptance/").status_code == 201

    late = hers.post(f"{path}/rejection/", {"reason": 1})

    assert late.status_code == 409
    assert late.json()["answered_by"].startswith("API token ")
    assert f"{late.json()['answered_by']} accepted it" in late.json()["error"]
    assert late.json()["error"].endswith(" UTC.")


def test_accepting_twice_with_one_key_is_accepting_once(hers, mara, rita):
    path = f"/api/handoffs/{make_offer(rita, mara).pk}/acceptance/"

    first, again = (hers.post(path, HTTP_IDEMPOTENCY_KEY="k1") for _ in range(2))

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()


@pytest.mark.parametrize(
    ("change", "status"),
    [({"lead": 999_999}, 404), ({"rep": 999_999}, 400), ({"note": "x" * 501}, 400), ({"lead": "x"}, 400)],
)
def test_an_offer_that_makes_no_sense_is_refused(marketing, rita, change, status):
    cycle = make_cycle()

    assert (
        marketing.post("/api/handoffs/", {"lead": cycle.lead_id, "rep": rita.pk} | change).status_code
        == status
    )
    assert not Handoff.objects.exists()


def test_a_lead_that_does_not_wait_is_a_conflict(marketing, mara, rita):
    plain, offered = make_lead(), make_offer(rita, mara)

    for lead in (plain.pk, offered.lead_id):
        assert marketing.post("/api/handoffs/", {"lead": lead, "rep": rita.pk}).status_code == 409
    assert Handoff.objects.count() == 1


def test_an_offer_to_somebody_who_is_no_rep_is_a_conflict(marketing, mara):
    cycle = make_cycle()

    assert marketing.post("/api/handoffs/", {"lead": cycle.lead_id, "rep": mara.pk}).status_code == 409


def test_a_marketer_may_not_answer_and_a_rep_may_not_offer(marketing, hers, mara, rita):
    handoff, waiting = make_offer(rita, mara), make_cycle()
    Lead.objects.filter(pk=waiting.lead_id).update(owner=rita)

    assert marketing.post(f"/api/handoffs/{handoff.pk}/acceptance/").status_code == 403
    assert hers.post("/api/handoffs/", {"lead": waiting.lead_id, "rep": rita.pk}).status_code == 403
    assert Handoff.objects.get().is_open
    assert QualificationCycle.objects.open().count() == 2


def test_a_strangers_handoff_is_not_there(api_with, mara, rita, otto):
    handoff = make_offer(rita, mara)
    his = api_with(*SCOPES, actor=otto)

    assert his.get("/api/handoffs/").json()["results"] == []
    assert his.get(f"/api/handoffs/{handoff.pk}/").status_code == 404
    assert his.post(f"/api/handoffs/{handoff.pk}/acceptance/").status_code == 404
    assert Handoff.objects.get().is_open


def test_reading_and_writing_are_two_scopes(api_with, mara, rita):
    handoff = make_offer(rita, mara)
    reader = api_with("handoffs:read", actor=rita)

    assert reader.get(f"/api/handoffs/{handoff.pk}/").status_code == 200
    assert reader.post(f"/api/handoffs/{handoff.pk}/acceptance/").status_code == 403
    assert api_with("leads:read", actor=rita).get("/api/handoffs/").status_code == 403
    assert reader.get(f"/api/handoffs/{handoff.pk}/acceptance/").status_code == 405


def test_a_token_of_nobody_may_hand_over(api_with, rita):
    cycle = make_cycle()

    response = api_with(*SCOPES).post("/api/handoffs/", {"lead": cycle.lead_id, "rep": rita.pk})

    assert response.status_code == 201
    assert response.json()["offered_by"] is None


def test_reasons_are_listed_by_digit(hers):
    digits = [reason["digit"] for reason in hers.get("/api/reject-reasons/").json()]

    assert digits == sorted(digits)
    assert digits


def test_a_list_costs_the_same_number_of_queries_for_1_and_20(hers, mara, rita, django_assert_num_queries):
    make_offer(rita, mara)
    hers.get("/api/handoffs/")  # notes that the token was used

    with django_assert_num_queries(3):  # token, handoffs, clocks
        assert len(hers.get("/api/handoffs/?open=true").json()["results"]) == 1
    for _ in range(19):
        make_offer(rita, mara)
    with django_assert_num_queries(3):
        assert len(hers.get("/api/handoffs/?open=true").json()["results"]) == 20
