"""A worker on the real broker shows itself in the database."""

import pytest

from config import heartbeats
from config.health import queues
from tests.doorbell import Worker


@pytest.mark.slow
def test_a_worker_goes_on_beating_for_every_queue_it_takes(worker: Worker):
    heard_of = {heartbeats.queue_name(queue) for queue in queues()}

    worker.eventually(lambda: heard_of <= set(heartbeats.ages()), seconds=3 * heartbeats.EVERY_SECONDS)
