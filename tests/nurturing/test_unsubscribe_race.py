"""No mail after a committed unsubscribe: thousands of people leave while their mails are at the fence."""

import os
import random
import threading
import time
from collections.abc import Callable, Sequence

import pytest
from django.db import connection
from django.utils import timezone

from leads.models import Lead, Suppression
from nurturing import ledger
from nurturing.ledger import Claim
from nurturing.models import Message
from nurturing.services import advancing, enrolments, mails
from tests.nurturing import factories

pytestmark = pytest.mark.django_db(transaction=True)
MANY = int(
    os.environ.get("TANDEM_RACE_UNSUBSCRIBES", "200")
)  # 10,000 take some minutes; see docs/development.md
BATCH, THREADS = 100, 4

Deed = Callable[[], None]


class Race:
    """When each unsubscribe was known to be saved, and when each fence that let a mail through was asked."""

    def __init__(self) -> None:
        self.saved: dict[int, float] = {}
        self.asked: dict[int, float] = {}

    def leave(self, message: Message) -> Deed:
        def deed() -> None:
            mails.unsubscribe(message=message, how="one_click")
            self.saved[message.pk] = time.monotonic()

        return deed

    def send(self, held: Claim) -> Deed:
        def deed() -> None:
            asked = time.monotonic()
            if ledger.pass_fence(held):
                self.asked[held.message_id] = asked
                ledger.accept(held, "250 taken")
            else:
                ledger.turn_away(held)

        return deed

    @property
    def too_late(self) -> list[int]:
        return [pk for pk, asked in self.asked.items() if asked > self.saved[pk]]


def test_no_mail_passes_its_fence_after_its_reader_left() -> None:
    campaign = factories.running()
    people = Lead.objects.bulk_create(
        Lead(email=f"reader{number}@buyer.example", created_at=timezone.now()) for number in range(MANY)
    )
    enrolments.enrol(campaign=campaign, leads=[person.pk for person in people])
    while advancing.advance_due():
        pass
    race, dice = Race(), random.Random(5)

    while claims := ledger.claim(BATCH):
        messages = Message.objects.in_bulk([held.message_id for held in claims])
        deeds = [race.leave(message) for message in messages.values()] + [race.send(held) for held in claims]
        dice.shuffle(deeds)
        _at_once(deeds)

    assert race.too_late == []
    assert len(race.saved) == Suppression.objects.count() == MANY
    assert 0 < len(race.asked) < MANY
    states = Message.objects.values_list("pk", "state")
    assert {pk for pk, state in states if state == "accepted"} == race.asked.keys()
    assert {state for pk, state in states if pk not in race.asked} == {"suppressed"}


def _at_once(deeds: Sequence[Deed]) -> None:
    failures: list[BaseException] = []

    def work(mine: Sequence[Deed]) -> None:
        try:
            for deed in mine:
                deed()
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(deeds[place::THREADS],)) for place in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures
