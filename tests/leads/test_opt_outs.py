"""Who says no to our mail outside our mails is never mailed again, whichever door the word came through."""

import base64
import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import ApiToken
from accounts.services import create_token
from leads.models import Lead, Suppression
from leads.services import consent, opt_outs
from leads.services.activities import NewActivity, record_activities, record_activity
from leads.services.merges import merge_leads
from leads.services.people import update_fields, upsert_lead

pytestmark = pytest.mark.django_db


@pytest.fixture
def track(db):
    key = create_token(kind=ApiToken.Kind.WRITE, name="Site")[1]
    basic = "Basic " + base64.b64encode(f"{key}:".encode()).decode()

    def post(event, user="unsubber", email="unsubber@acme.example", **more):
        message = {"userId": user, "event": event, **more}
        if email:
            message["context"] = {"traits": {"email": email}}
        answer = Client().post(
            "/v1/track", json.dumps(message), content_type="application/json", HTTP_AUTHORIZATION=basic
        )
        assert answer.json()["accepted"] + answer.json()["duplicates"] == 1, answer.json()

    return post


@pytest.fixture
def jane():
    return upsert_lead(values={}, source="api", email="jane@acme.example")[0]


def ago(**span):
    return timezone.now() - timedelta(**span)


def reasons():
    return dict(Suppression.objects.values_list("address", "reason"))


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ("Unsubscribed", "unsubscribed"),
        ("Email Bounced", "bounced"),
        ("Email Marked as Spam", "complained"),
    ],
)
def test_the_events_api_suppresses_the_address_of_the_event_s_own_lead(track, jane, event, reason):
    track(event)

    row = Suppression.objects.get()
    assert (row.address, row.reason) == ("unsubber@acme.example", reason)
    assert row.lead == Lead.objects.get(email="unsubber@acme.example")


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("email_unsubscribe", "unsubscribed"),
        ("email_bounce", "bounced"),
        ("email_complaint", "complained"),
    ],
)
def test_so_does_the_rest_api(api_with, jane, kind, reason):
    answer = api_with("leads:write").post("/api/activities/", {"lead": jane.pk, "kind": kind})

    assert answer.status_code == 201
    assert reasons() == {"jane@acme.example": reason}


@pytest.mark.parametrize(
    "props", [{"type": "Soft"}, {"bounceType": "Transient"}, {"status": "4.2.2"}, {"code": 452}]
)
def test_a_soft_bounce_suppresses_nobody(jane, props):
    record_activity(lead=jane, kind="email_bounce", props=props)

    assert reasons() == {}


def test_a_write_key_cannot_suppress_the_address_of_somebody_else(track, jane):
    upsert_lead(values={}, source="api", email="tom@acme.example", external_id="tom")

    track("Unsubscribed", user="tom", email="jane@acme.example")

    assert reasons() == {"tom@acme.example": "unsubscribed"}


def test_an_unsubscribe_that_arrives_late_counts_unless_the_person_came_back_meanwhile(jane):
    tom = upsert_lead(values={}, source="api", email="tom@acme.example")[0]
    record_activity(lead=tom, kind="newsletter_signup", occurred_at=ago(hours=1))

    record_activities([NewActivity(lead.pk, "email_unsubscribe", ago(days=2), {}) for lead in (jane, tom)])

    assert reasons() == {"jane@acme.example": "unsubscribed"}


def test_what_a_colleague_lifted_stays_lifted_when_the_old_word_is_repeated(track, jane):
    track("Unsubscribed", user="j", email="jane@acme.example", timestamp=ago(days=1).isoformat())
    consent.lift(address="jane@acme.example")

    track("Unsubscribed", user="j", email=None, timestamp=ago(days=1).isoformat())
    opt_outs.heed_missed()
    assert reasons() == {}

    track("Unsubscribed", user="j", email=None)
    assert reasons() == {"jane@acme.example": "unsubscribed"}


def test_a_complaint_outweighs_everything_and_cannot_be_lifted(jane):
    consent.suppress(address="jane@acme.example", reason="unsubscribed")
    record_activity(lead=jane, kind="newsletter_signup")

    record_activity(lead=jane, kind="email_complaint", occurred_at=ago(days=3))

    with pytest.raises(consent.CannotLift):
        consent.lift(address="jane@acme.example")


def test_somebody_unknown_who_said_no_is_suppressed_once_we_learn_the_address(track):
    track("Unsubscribed", email=None)
    assert reasons() == {}

    update_fields(lead=Lead.objects.get(), values={"email": "late@acme.example"}, source="api")

    assert reasons() == {"late@acme.example": "unsubscribed"}


def test_the_history_that_a_merge_brings_counts_for_the_one_who_gets_it(jane):
    visitor = upsert_lead(values={}, source="api", external_id="v")[0]
    record_activity(lead=visitor, kind="email_unsubscribe")

    merge_leads(winner=jane, loser=visitor, cause="same person")

    assert Suppression.objects.get(address="jane@acme.example").lead == jane


def test_a_word_for_a_lead_that_was_merged_meanwhile_reaches_the_surviving_one(jane):
    visitor = upsert_lead(values={}, source="api", external_id="v")[0]
    merge_leads(winner=jane, loser=visitor, cause="same person")

    record_activity(lead=visitor, kind="email_unsubscribe")

    assert Suppression.objects.get(address="jane@acme.example").lead == jane


def test_the_sweep_finds_who_said_no_while_nobody_listened(jane):
    record_activities([NewActivity(jane.pk, "email_unsubscribe", ago(days=5), {})], heed=False)

    assert (opt_outs.heed_missed(), opt_outs.heed_missed()) == (1, 0)
    assert reasons() == {"jane@acme.example": "unsubscribed"}


def test_ordinary_activities_ask_nothing_more_of_the_database(jane, django_assert_num_queries):
    rows = [NewActivity(jane.pk, "page_view", timezone.now(), {"path": "/"}) for _ in range(50)]

    with django_assert_num_queries(0):
        assert opt_outs.heed(opt_outs.opt_outs(rows)) == 0
