"""Who lives: each worker and beat say so in the database, and `/healthz` reads it there.

A row per queue (`queue:scoring`), not per process: what matters is that somebody works each queue, however many
processes a deployment gives it. A beat is written by the event loop that takes tasks, so a worker that hangs, or
has lost the broker, falls silent. The clock is the database's.
"""

import logging
from typing import Any

from celery import bootsteps
from django.db import connection

logger = logging.getLogger(__name__)

EVERY_SECONDS = 10.0
STALE_SECONDS = 40.0  # three beats missed, and a little patience with a busy machine
BEAT = "beat"
UPSERT = """
    INSERT INTO accounts_heartbeat (name, at) SELECT unnest(%s::text[]), clock_timestamp()
    ON CONFLICT (name) DO UPDATE SET at = EXCLUDED.at
"""
AGES = "SELECT name, extract(epoch FROM clock_timestamp() - at)::float FROM accounts_heartbeat"


def record(names: list[str]) -> None:
    """Write a beat for each name. Never raises: without a database there is nobody to tell.

    The connection is closed again, because a worker's main process forks: children must not inherit it.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(UPSERT, [sorted(names)])
    except Exception as problem:  # a lost database must not stop the loop that will find it again
        logger.warning("heartbeat not written: %s", problem)
    finally:
        connection.close()


def ages() -> dict[str, float]:
    """Seconds since each name's last beat."""
    with connection.cursor() as cursor:
        cursor.execute(AGES)
        return dict(cursor.fetchall())


def queue_name(queue: str) -> str:
    return f"queue:{queue}"


class WorkerHeartbeat(bootsteps.StartStopStep):
    """Beats from the worker's own timer, for every queue it takes tasks from."""

    requires = {"celery.worker.components:Timer"}

    def __init__(self, worker: Any, **kwargs: Any) -> None:
        super().__init__(worker, **kwargs)
        self.repeat: Any = None

    def start(self, worker: Any) -> None:
        names = [queue_name(queue) for queue in worker.app.amqp.queues.consume_from]
        record(names)
        self.repeat = worker.timer.call_repeatedly(EVERY_SECONDS, record, (names,))

    def stop(self, worker: Any) -> None:
        if self.repeat is not None:
            self.repeat.cancel()
