"""The ledger as a machine: whatever happens in whatever order, no mail arrives twice and no veto is overlooked."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from leads.models import Suppression
from leads.services.consent import suppress
from nurturing import gates, ledger
from nurturing.ledger import Claim
from nurturing.models import Campaign, Message
from nurturing.services import campaigns, enrolments, mails
from tests.nurturing import factories

pytestmark = pytest.mark.django_db
STUCK = """
SELECT run.id FROM nurturing_enrolment run JOIN nurturing_message mail ON mail.enrolment_id = run.id
WHERE run.ended_at IS NULL AND run.due_at IS NULL AND mail.state = 'accepted'
"""


class Post(RuleBasedStateMachine):
    """Three mails of one campaign, any number of workers that may be slow, late or dead."""

    campaign: Campaign
    ids: list[int]
    claims = Bundle("claims")  # held by workers, perhaps long after the lease
    answers = Bundle("answers")  # dots sent whose answer has not been read yet

    @initialize()
    def three_mails_wait(self) -> None:
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        self.arrived = dict.fromkeys(self.ids, 0)
        self.allowed = dict.fromkeys(self.ids, 1)
        self.vetoed: set[int] = set()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.savepoint.__exit__(None, None, None)

    @rule(target=claims)
    def claim(self) -> Any:
        return multiple(*ledger.claim(2))

    @rule(target=answers, held=claims, fate=st.sampled_from(["kept", "dropped", "refused"]))
    def body_fence_dot(self, held: Claim, fate: str) -> Any:
        if not ledger.pass_fence(held):
            ledger.turn_away(held)
            return multiple()
        assert held.message_id not in self.vetoed
        self.arrived[held.message_id] += fate == "kept"
        return held, fate

    @rule(answer=consumes(answers), heard=st.booleans())
    def read_the_answer(self, answer: Any, heard: bool) -> None:
        held, fate = answer
        if not heard:
            ledger.doubt(held, "cut")
        elif fate == "kept":
            ledger.accept(held, "250")
        elif fate == "refused":
            ledger.reject(held, "554")

    @rule(held=claims, what=st.sampled_from(["put_off", "give_back", "reject"]))
    def refused_before_the_dot(self, held: Claim, what: str) -> None:
        if Message.objects.filter(pk=held.message_id, state="dot").exists():
            return  # a worker that sent the dot does not take it back
        if what == "give_back":
            ledger.give_back([held])
        else:
            getattr(ledger, what)(held, "said no")

    @rule()
    def leases_end(self) -> None:
        Message.objects.filter(lease_until__isnull=False).update(lease_until=Now())

    @rule()
    def the_sweep_runs(self) -> None:
        ledger.settle_expired()
        enrolments.sweep_stops()

    @rule()
    def back_off_is_over(self) -> None:
        Message.objects.filter(state="queued").update(due_at=Now())

    @rule(place=st.integers(0, 2))
    def somebody_unsubscribes(self, place: int) -> None:
        message = Message.objects.get(pk=self.ids[place])
        suppress(address=message.to_address, reason="unsubscribed", lead=message.enrolment.lead)
        self.vetoed.add(message.pk)

    @rule(place=st.integers(0, 2))
    def somebody_wants_mail_again(self, place: int) -> None:
        message = Message.objects.get(pk=self.ids[place])
        Suppression.objects.filter(address=message.to_address).delete()
        self.vetoed.discard(message.pk)

    @rule()
    def the_campaign_is_paused_or_resumed(self) -> None:
        campaign = Campaign.objects.get(pk=self.campaign.pk)
        (campaigns.pause if campaign.state == "active" else campaigns.resume)(campaign)

    @rule(place=st.integers(0, 2), verdict=st.sampled_from(ledger.Verdict.values))
    def a_person_decides(self, place: int, verdict: str) -> None:
        message = Message.objects.filter(pk=self.ids[place])
        if mails.resolve(messages=message, verdict=verdict, actor=None) and verdict == "again":
            self.allowed[self.ids[place]] += 1

    @rule(place=st.integers(0, 2))
    def the_server_reports(self, place: int) -> None:
        """The truth, late or twice; afterwards nobody sends another copy, whatever was decided."""
        message = Message.objects.get(pk=self.ids[place])
        arrived = self.arrived[message.pk] > 0
        if not arrived and message.state != "unknown":
            return  # nothing to report yet
        ledger.settle_by_evidence(key=message.key, delivered=arrived, words="report")
        if arrived:
            self.allowed[message.pk] = self.arrived[message.pk]

    @rule()
    def nobody_reported_in_time(self) -> None:
        """Which is told apart from an early sweep by what the server holds: it reports all of it in time."""
        for place in range(3):
            self.the_server_reports(place)
        Message.objects.filter(state="unknown").update(dot_at=Now() - timedelta(days=1))
        ledger.settle_unproven()

    @invariant()
    def nobody_gets_a_mail_twice(self) -> None:
        for pk, copies in getattr(self, "arrived", {}).items():
            assert copies <= self.allowed[pk]

    @invariant()
    def an_accepted_mail_holds_up_nobody(self) -> None:
        with connection.cursor() as cursor:  # asked at every step: plain, so that the machine gets to many
            assert not cursor.execute(STUCK).fetchall()


@pytest.fixture
def post() -> type[Post]:
    Post.campaign = factories.running(doubt_policy="rather_twice")
    Post.ids = [factories.queued(Post.campaign).pk for _ in range(3)]
    return Post


def play(post: type[Post], examples: int) -> None:
    quick = settings(
        max_examples=examples,
        stateful_step_count=25,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(post, settings=quick)


def test_the_fence_is_planned_once_for_a_connection_and_not_for_each_mail() -> None:
    for _ in range(3):
        factories.queued()
    passed = [ledger.pass_fence(held) for held in ledger.claim(3)]

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT custom_plans FROM pg_prepared_statements"
            " WHERE name LIKE 'tandem_fence_%' AND generic_plans >= 3"
        )
        assert (passed, cursor.fetchall()) == ([True] * 3, [(0,)])


def test_no_order_of_events_sends_twice_or_past_a_veto(post: type[Post]) -> None:
    play(post, 15)


@pytest.mark.slow
def test_no_order_of_many_events_sends_twice(post: type[Post]) -> None:
    play(post, 400)


def test_the_machine_notices_a_fence_that_does_not_look(
    post: type[Post], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test of the test: without the look at suppressions, the machine must find the way through."""
    monkeypatch.setattr(gates, "may_be_sent", Q)
    monkeypatch.setattr(gates, "one_may_be_sent", lambda: ("SELECT NULL::jsonb AS saw", []))

    with pytest.raises(AssertionError):
        play(post, 300)
