"""Celery's beat with a heartbeat, and a memory that outlives the process.

The stock scheduler keeps its memory in a file, which a container loses and a kill may break; then a task due
every six hours never runs where beat is restarted more often. Here the last run of each entry is a heartbeat row.
"""

import logging
import time
from datetime import timedelta
from typing import Any

from celery.beat import ScheduleEntry, Scheduler

from config import heartbeats

logger = logging.getLogger(__name__)

RARE = timedelta(minutes=10)  # entries due at least this far apart are remembered; the others need no memory
NEVER_RAN_SECONDS = 366 * 86400.0


class HeartbeatScheduler(Scheduler):
    """Runs CELERY_BEAT_SCHEDULE. Two of them at once do no harm: every scheduled task is idempotent."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.next_heartbeat = 0.0  # monotonic seconds
        super().__init__(*args, **kwargs)
        self.max_interval = heartbeats.EVERY_SECONDS

    def setup_schedule(self) -> None:
        super().setup_schedule()
        self.remember_last_runs()

    def remember_last_runs(self) -> None:
        """Rare entries go on counting where an earlier beat stopped; one that never ran is due now."""
        try:
            ages = heartbeats.ages()
        except Exception as problem:  # without a database everything simply counts as run just now
            logger.warning("last runs unknown: %s", problem)
            return
        for name, entry in self.schedule.items():
            if self.is_rare(entry):
                age = ages.get(row_name(name), NEVER_RAN_SECONDS)
                entry.last_run_at = self.app.now() - timedelta(seconds=max(0.0, age))

    def is_rare(self, entry: ScheduleEntry) -> bool:
        return entry.schedule.remaining_estimate(self.app.now()) > RARE

    def apply_async(self, entry: ScheduleEntry, *args: Any, **kwargs: Any) -> Any:
        sent = super().apply_async(entry, *args, **kwargs)
        if self.is_rare(entry):
            heartbeats.record([row_name(entry.name)])
        return sent

    def tick(self, *args: Any, **kwargs: Any) -> float:
        if time.monotonic() >= self.next_heartbeat:
            heartbeats.record([heartbeats.BEAT])
            self.next_heartbeat = time.monotonic() + heartbeats.EVERY_SECONDS
        return min(super().tick(*args, **kwargs), heartbeats.EVERY_SECONDS)


def row_name(entry: str) -> str:
    """Fits the heartbeat's 64 characters."""
    return f"ran:{entry}"[:64]
