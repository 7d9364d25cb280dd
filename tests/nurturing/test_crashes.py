"""Workers killed with SIGKILL against a real mail server: nothing twice, nothing lost, doubt only where honest."""

import os
import signal
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.db.models.functions import Now

from nurturing import delivery, ledger
from nurturing.models import Campaign, Message
from nurturing.services import advancing, enrolments
from tests.nurturing import factories
from tests.nurturing.sink import Sink

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def start_worker(point: str, sink: Sink) -> subprocess.Popen[str]:
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    environment = os.environ | {
        "DATABASE_URL": url.geturl(),
        "EMAIL_URL": f"smtp://127.0.0.1:{sink.port}",
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
    }
    command = [sys.executable, "-m", "tests.nurturing.crash_worker", point]
    return subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE)


def queue(number: int) -> Campaign:
    campaign = factories.running()
    leads = [factories.lead().pk for _ in range(number)]
    enrolments.enrol(campaign=campaign, leads=leads)
    advancing.advance_due()
    return campaign


def time_passes() -> None:
    """Every lease ends, and what was given back is due."""
    Message.objects.filter(lease_until__isnull=False).update(lease_until=Now())
    ledger.settle_expired()
    Message.objects.filter(state="queued").update(due_at=Now())


def states() -> dict[str, int]:
    found = list(Message.objects.values_list("state", flat=True))
    return {state: found.count(state) for state in set(found)}


@pytest.mark.parametrize("point", ["after_claim", "before_dot"])
def test_a_worker_killed_before_the_dot_loses_and_repeats_nothing(point: str, sink: Sink) -> None:
    queue(5)

    worker = start_worker(point, sink)
    assert worker.wait(60) == -signal.SIGKILL
    time_passes()
    delivery.send_due()

    assert states() == {"accepted": 5}
    assert sorted(sink.copies.values()) == [1] * 5


@pytest.mark.parametrize(("point", "arrived"), [("after_fence", 4), ("after_250", 5)])
def test_a_worker_killed_after_the_fence_leaves_one_honest_doubt(
    point: str, arrived: int, sink: Sink
) -> None:
    queue(5)

    worker = start_worker(point, sink)
    assert worker.wait(60) == -signal.SIGKILL
    time_passes()
    delivery.send_due()

    assert states() == {"accepted": 4, "unknown": 1}
    assert sorted(sink.copies.values()) == [1] * arrived


def test_four_workers_at_one_queue_send_each_mail_once(sink: Sink) -> None:
    queue(200)

    workers = [start_worker("never", sink) for _ in range(4)]
    assert [worker.wait(120) for worker in workers] == [0] * 4

    assert states() == {"accepted": 200}
    assert len(sink.copies) == 200
    assert set(sink.copies.values()) == {1}


def test_a_storm_of_kills(sink: Sink) -> None:
    queue(80)

    worker = start_worker("storm:7", sink)
    output, _ = worker.communicate(timeout=240)

    kills = int(output)
    doubtful = states().get("unknown", 0)
    assert kills >= 3
    assert set(sink.copies.values()) == {1}  # nothing twice, counted by the receiver
    assert set(states()) <= {"accepted", "unknown"}  # nothing lost: every mail is settled or in doubt
    assert states()["accepted"] <= len(sink.copies) <= 80
    assert len(sink.copies) - states()["accepted"] <= doubtful <= kills
