"""A worker killed with SIGKILL at each named point: nothing twice, nothing lost, doubt only where it is honest."""

import os
import signal
from collections import Counter
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now

from nurturing import delivery, failpoints, ledger, smtp
from nurturing.models import Campaign, Message
from nurturing.services import advancing, enrolments
from tests.nurturing import factories
from tests.nurturing.sink import Sink

pytestmark = pytest.mark.django_db(transaction=True)
MAILS = 3
IN_DOUBT = {"after_fence": 2, "after_dot": 3, "after_250": 3}  # point -> copies that arrive all the same


def queue() -> Campaign:
    campaign = factories.running()
    enrolments.enrol(campaign=campaign, leads=[factories.lead().pk for _ in range(MAILS)])
    advancing.advance_due()
    return campaign


def send_and_die(point: str) -> None:
    """In a child, so that the death is real."""
    connection.close()
    child = os.fork()
    if child == 0:
        try:
            failpoints.chances[point] = 1
            ledger.reach = smtp.reach = failpoints._die_perhaps
            delivery.send_due()
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL


def time_passes() -> None:
    Message.objects.filter(lease_until__isnull=False).update(lease_until=Now())
    ledger.settle_expired()
    Message.objects.filter(state="queued").update(due_at=Now())


def test_a_worker_dies_at_each_point(sink: Sink, settings: Any) -> None:
    settings.MAIL_CONNECTIONS, settings.MAIL_THROTTLES = 1, False  # one mail at its point, and nobody waits
    for point in failpoints.POINTS:  # one test, because emptying the tables takes longer than dying
        campaign = queue()
        sink.accepted.clear()

        send_and_die(point)
        time_passes()
        delivery.send_due()

        doubtful = point in IN_DOUBT
        mails = Message.objects.filter(enrolment__campaign=campaign)
        states = Counter(mails.values_list("state", flat=True))
        assert states == {"accepted": MAILS - doubtful} | ({"unknown": 1} if doubtful else {}), point
        assert sorted(sink.copies.values()) == [1] * IN_DOUBT.get(point, MAILS), point


def test_a_point_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="after_lunch"):
        failpoints._parsed("after_lunch:1")
