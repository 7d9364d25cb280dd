"""A real Celery worker on the real broker, for tests that want the bell to ring for itself."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from config import heartbeats
from config.embedded.paths import LOCAL, ROOT
from config.embedded.process import spawn, stop, wait_until
from config.health import queues

READY_SECONDS = 60.0


@dataclass
class Worker:
    process: subprocess.Popen
    log: Path

    def eventually(self, condition: Callable[[], Any], *, seconds: float = 20.0) -> None:
        """Wait until `condition` holds, as it will once the worker has done its part."""
        assert wait_until(lambda: bool(condition()), seconds=seconds, every=0.1), (
            f"It did not happen within {seconds:.0f} s. The worker said:\n{self.log.read_text()[-3000:]}"
        )


@pytest.fixture
def worker(transactional_db: None, worker_process: Worker) -> Iterator[Worker]:
    """The worker, with nothing waiting for it; the next test does not start before it is idle again."""
    from config.celery import app

    app.control.purge()
    yield worker_process
    app.control.purge()
    assert wait_until(is_idle, seconds=60, every=0.1), worker_process.log.read_text()[-3000:]


def is_idle() -> bool:
    """Silence is no answer: on a busy machine a worker at work may not find the time for one."""
    from config.celery import app

    active = app.control.inspect(timeout=1).active()
    return active is not None and not any(active.values())


@pytest.fixture(scope="module")
def worker_process(django_db_setup: None, django_db_blocker: Any) -> Iterator[Worker]:
    """One worker for all tests of a module, working on their test database; other modules' tests work alone."""
    log = LOCAL / "test" / f"worker-{os.environ.get('PYTEST_XDIST_WORKER', 'only')}.log"
    command = [sys.executable, "-m", "celery", "--app", "config", "worker", "--queues", ",".join(queues())]
    command += ["--concurrency", "1", "--without-gossip", "--without-mingle", "--loglevel", "INFO"]
    environment = os.environ | {"DATABASE_URL": url_of_test_database(), "PYTHONUNBUFFERED": "1"}
    with log.open("wb") as output:
        process = spawn(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
    try:
        with django_db_blocker.unblock():
            assert wait_until(heartbeats.ages, seconds=READY_SECONDS, every=0.2), log.read_text()
        yield Worker(process, log)
    finally:
        stop(process, with_signal=15, seconds=5)


def url_of_test_database() -> str:
    from django.db import connection

    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
