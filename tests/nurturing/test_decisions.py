"""Mails in doubt: a report settles them, then the campaign's policy, then a person; late words do no harm."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from nurturing import ledger
from nurturing.models import Campaign, Message
from nurturing.services import mails
from tests.nurturing import factories

pytestmark = pytest.mark.django_db
PAGE = "/campaigns/decisions/"
ClientOf = Callable[[User], Client]


def doubtful(campaign: Campaign | None = None, *, minutes_ago: int = 0, **values: Any) -> Message:
    """A mail that passed the fence; the line broke before an answer."""
    message = factories.queued(campaign, **values)
    (held,) = ledger.claim(1)
    assert ledger.pass_fence(held)
    ledger.doubt(held, "The line broke.")
    Message.objects.filter(pk=message.pk).update(dot_at=Now() - timedelta(minutes=minutes_ago))
    message.refresh_from_db()
    return message


def dead(campaign: Campaign | None = None) -> Message:
    message = factories.queued(campaign)
    (held,) = ledger.claim(1)
    ledger.park(held, "Too often.")
    return message


def state_of(message: Message) -> str:
    message.refresh_from_db()
    return message.state


@pytest.mark.parametrize(("delivered", "state"), [(True, "accepted"), (False, "rejected")])
def test_a_report_settles_a_mail_in_doubt_once(delivered: bool, state: str) -> None:
    message = doubtful()

    first = ledger.settle_by_evidence(key=message.key, delivered=delivered, words="2.0.0 report")
    second = ledger.settle_by_evidence(key=message.key, delivered=not delivered, words="another")

    assert (first, second) == (True, False)
    assert state_of(message) == state
    assert message.reply == "2.0.0 report"
    assert message.enrolment.__class__.objects.get().due_at is not None  # its run goes on


def test_a_report_that_overtakes_the_answer_is_believed() -> None:
    message = factories.queued()
    (held,) = ledger.claim(1)
    ledger.pass_fence(held)

    assert ledger.settle_by_evidence(key=message.key, delivered=True, words="relayed")

    assert not ledger.doubt(held, "cut")
    assert not ledger.put_off(held, "451")
    assert state_of(message) == "accepted"


@pytest.mark.parametrize("verdict", ["again", "given_up"])
def test_a_late_report_of_arrival_stops_the_second_copy(verdict: str) -> None:
    message = doubtful()
    mails.resolve(messages=Message.objects.filter(pk=message.pk), verdict=verdict, actor=None)
    claims = ledger.claim(1)

    assert ledger.settle_by_evidence(key=message.key, delivered=True, words="relayed")

    assert not any(ledger.pass_fence(held) for held in claims)
    assert state_of(message) == "accepted"


@pytest.mark.parametrize("verdict", ledger.Verdict.values)
def test_a_late_report_of_failure_changes_no_decision(verdict: str) -> None:
    message = doubtful()
    mails.resolve(messages=Message.objects.filter(pk=message.pk), verdict=verdict, actor=None)
    decided = state_of(message)

    assert not ledger.settle_by_evidence(key=message.key, delivered=False, words="failed")

    assert state_of(message) == decided


def test_a_report_about_a_mail_never_handed_over_or_unknown_to_us_is_ignored() -> None:
    message = factories.queued()

    for key in (message.key, uuid4()):
        assert not ledger.settle_by_evidence(key=key, delivered=True, words="forged")

    assert state_of(message) == "queued"


def test_without_a_report_the_policy_decides_after_the_grace() -> None:
    careful, eager = factories.running(), factories.running(doubt_policy="rather_twice")
    waits, again = doubtful(careful, minutes_ago=60), doubtful(eager, minutes_ago=60)
    early = doubtful(eager, minutes_ago=5)

    assert ledger.settle_unproven() == (1, 0)

    assert [state_of(mail) for mail in (waits, again, early)] == ["unknown", "queued", "unknown"]


def test_a_mail_that_is_always_in_doubt_is_parked_in_the_end() -> None:
    message = doubtful(factories.running(doubt_policy="rather_twice"), minutes_ago=60)
    Message.objects.update(failures=ledger.MOST_FAILURES - 1)

    assert ledger.settle_unproven() == (0, 1)

    assert state_of(message) == "parked"
    assert "nobody knows" in message.reply


def test_the_page_lists_mails_of_all_campaigns_with_their_reasons(client_of: ClientOf, mara: User) -> None:
    careful, eager = factories.running(), factories.running(doubt_policy="rather_twice")
    doubtful(careful, first_name="<b>Ann"), dead(eager), doubtful(eager)

    everything, parked = (client_of(mara).get(PAGE + query).text for query in ("", "?kind=parked"))
    one_campaign = client_of(mara).get(f"{PAGE}?campaign={careful.pk}").text

    for words in ("The line broke.", "Too often.", "A report may come until", "Then it is sent again"):
        assert words in everything
    assert "&lt;b&gt;Ann" in everything
    assert ("Too often." in parked, "The line broke." in parked) == (True, False)
    assert ("The line broke." in one_campaign, "Too often." in one_campaign) == (True, False)
    for odd in ("?kind=x&campaign=9", "?campaign=abc", "?after=x", "?campaign=" + "9" * 30):
        assert client_of(mara).get(PAGE + odd).status_code == 200


@pytest.mark.parametrize(
    ("verdict", "state"), [("sent", "accepted"), ("again", "queued"), ("given_up", "suppressed")]
)
def test_many_are_decided_at_once(client_of: ClientOf, mara: User, verdict: str, state: str) -> None:
    chosen, other, last = doubtful(), dead(), doubtful()

    some = client_of(mara).post(PAGE, {"mail": [chosen.pk], "verdict": verdict}, follow=True)
    assert [state_of(chosen), state_of(other)] == [state, "parked"]
    assert chosen.decided_by == mara
    client_of(mara).post(PAGE + "?kind=unknown", {"all": "1", "verdict": verdict})

    assert "1 mail is" in some.text
    assert [state_of(last), state_of(other)] == [state, "parked"]


def test_what_makes_no_sense_changes_nothing(client_of: ClientOf, mara: User, rita: User) -> None:
    message = doubtful()

    for data in (
        {"verdict": "sent"},
        {"mail": [message.pk], "verdict": "x"},
        {"mail": "x", "verdict": "sent"},
    ):
        answer = client_of(mara).post(PAGE, data, follow=True)
        assert "Nothing was changed" in answer.text
    assert client_of(rita).post(PAGE, {"all": "1", "verdict": "sent"}).status_code == 403

    assert state_of(message) == "unknown"


def test_the_page_asks_as_many_questions_for_many_mails_as_for_one(client_of: ClientOf, mara: User) -> None:
    client, campaign = client_of(mara), factories.running()
    doubtful(campaign)

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get(PAGE).status_code == 200
        return len(seen)

    one = queries() and queries()
    for _ in range(5):
        doubtful(campaign)

    assert queries() == one
    assert "Nothing to decide" in client.get(f"{PAGE}?kind=parked").text
    assert reverse("nurturing:decisions") in client.get(reverse("nurturing:campaigns")).text
