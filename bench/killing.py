"""Events while web processes die: whatever was answered with 2xx is on disk once, and nothing is there twice.

A real gunicorn takes batches of 500 and single events. Its workers are killed with SIGKILL at any moment, now and
then all of it at once. Senders send again what was not answered, as SDKs do, and give some of it up.
"""

from __future__ import annotations

import base64
import http.client
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any

import orjson
from django.conf import settings
from django.db import connection

from bench.ingest import NAME, prepare, scratch_database, url_of

BATCH = 500
SINGLES = 0.02  # of the events come alone
CLIENTS = 4
GIVEN_UP = 0.05  # of the requests that were not answered
EVERY = (1.0, 4.0)  # seconds between two kills
WHOLE = 15  # each such kill takes the whole server, not one worker
PATIENCE = 60.0  # seconds for a server that starts
LOST = (OSError, http.client.HTTPException)
NO_LIMITS = {"EVENTS_PER_KEY": "0", "EVENTS_PER_ADDRESS": "0", "LOG_LEVEL": "CRITICAL"}


def run(leads: int = 20_000, activities: int = 1_000_000) -> dict[str, Any]:
    with scratch_database():
        secret = prepare(leads)
        return storm(url=url_of(NAME), secret=secret, leads=leads, events=activities)


def storm(
    *,
    url: str,
    secret: str,
    leads: int,
    events: int,
    batch: int = BATCH,
    every: tuple[float, float] = EVERY,
    most: int = 1_000_000,
) -> dict[str, Any]:
    """`lost` and `doubled` must be 0. At `most` so many kills."""
    began = time.monotonic()
    server = Server(os.environ | NO_LIMITS | {"DATABASE_URL": url})
    killer = Killer(server, every, most)
    try:
        server.start()
        killer.start()
        senders = Senders(server.port, secret, leads, events, batch)
        senders.send_all()
    finally:
        killer.stop()
        server.stop()
    return senders.figures() | {
        "kills": killer.kills,
        "of_the_whole_server": killer.whole,
        "seconds": round(time.monotonic() - began),
    }


class Server:
    """gunicorn as it is deployed: the application is loaded once, workers are forked from it."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    def start(self) -> None:
        options = ["--workers", str(os.cpu_count() or 2), "--worker-class", "gthread", "--threads", "8"]
        options += ["--preload", "--no-control-socket", "--log-level", "critical"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "config.wsgi", *options, "--bind", f"127.0.0.1:{self.port}"],
            cwd=settings.ROOT,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def workers(self) -> list[int]:
        tasks = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in tasks.read_text().split()] if tasks.exists() else []

    def kill(self) -> None:
        """The master and its workers, at once; another one takes its place."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.start()

    def stop(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Killer(Thread):
    def __init__(self, server: Server, every: tuple[float, float], most: int) -> None:
        super().__init__(daemon=True)
        self.server, self.every, self.most = server, every, most
        self.enough = Event()
        self.kills = self.whole = 0

    def run(self) -> None:
        while self.kills < self.most and not self.enough.wait(random.uniform(*self.every)):
            workers = self.server.workers()
            if not workers:
                continue
            self.kills += 1
            if self.kills % WHOLE == 0:
                self.whole += 1
                self.server.kill()
            else:
                kill(random.choice(workers))

    def stop(self) -> None:
        self.enough.set()
        if self.is_alive():
            self.join()


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):  # it was on its way out
        os.kill(pid, signal.SIGKILL)


class Senders:
    """Every event has a number; what became of each is noted by it."""

    def __init__(self, port: int, secret: str, leads: int, events: int, batch: int) -> None:
        self.port, self.leads, self.events = port, leads, events
        key = base64.b64encode(f"{secret}:".encode()).decode()
        self.headers = {"Authorization": f"Basic {key}", "Content-Type": "application/json"}
        self.answered = bytearray(events)
        self.todo: SimpleQueue[range] = SimpleQueue()
        self.again: list[int] = []  # one entry for each request that had to be sent again
        self.given_up: list[int] = []
        for part in parts(events, batch):
            self.todo.put(part)

    def send_all(self) -> None:
        with ThreadPoolExecutor(CLIENTS) as clients:
            for done in [clients.submit(self._client) for _ in range(CLIENTS)]:
                done.result()

    def _client(self) -> None:
        caller = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        while True:
            try:
                part = self.todo.get_nowait()
            except Empty:
                return caller.close()
            self._send(caller, part)

    def _send(self, caller: http.client.HTTPConnection, part: range) -> None:
        path, body = self._request(part)
        while not self._is_answered(caller, path, body):
            if random.random() < GIVEN_UP:
                self.given_up.extend(part)
                return
            self.again.append(part.start)
            time.sleep(0.02)
        for number in part:
            self.answered[number] = 1

    def _is_answered(self, caller: http.client.HTTPConnection, path: str, body: bytes) -> bool:
        try:
            self._connect(caller)
            caller.request("POST", path, body, self.headers)
            answer = caller.getresponse()
            told = answer.read()
        except LOST:
            caller.close()
            return False
        if answer.status >= 500:
            return False
        verdicts = orjson.loads(told)
        if answer.status != 200 or verdicts["rejected"]:
            raise RuntimeError(f"{answer.status}: {told[:300]!r}")
        return True

    def _connect(self, caller: http.client.HTTPConnection) -> None:
        """Nobody listens while the whole server starts anew."""
        until = time.monotonic() + PATIENCE
        while caller.sock is None:
            try:
                caller.connect()
            except ConnectionRefusedError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)

    def _request(self, part: range) -> tuple[str, bytes]:
        now = datetime.now(UTC).isoformat()
        batch = [
            {
                "type": "track",
                "event": "Page Viewed",
                "messageId": f"n{number}",
                "anonymousId": f"visitor-{random.randint(1, self.leads)}",
                "timestamp": now,
                "properties": {"path": f"/products/{number % 300}", "number": number},
            }
            for number in part
        ]
        alone = len(part) == 1
        return (
            ("/v1/track", orjson.dumps(batch[0])) if alone else ("/v1/batch", orjson.dumps({"batch": batch}))
        )

    def figures(self) -> dict[str, Any]:
        stored, doubled = bytearray(self.events), 0
        for number in numbers_on_disk():
            doubled += stored[number]
            stored[number] = 1
        lost = sum(said and not there for said, there in zip(self.answered, stored, strict=True))
        return {
            "events": self.events,
            "answered": sum(self.answered),
            "lost": lost,
            "doubled": doubled,
            "given_up": len(self.given_up),
            "requests_sent_again": len(self.again),
        }


def parts(events: int, batch: int) -> Iterator[range]:
    """Batches, and here and there as many single events as make up their share."""
    start = 0
    while start < events:
        alone = random.random() < SINGLES * batch / (1 + SINGLES * batch)
        stop = min(start + (1 if alone else batch), events)
        yield range(start, stop)
        start = stop


def numbers_on_disk() -> Iterator[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT substr(message_id, 2)::integer FROM leads_activity WHERE message_id ~ '^n[0-9]+$'"
        )
        while rows := cursor.fetchmany(50_000):
            for (number,) in rows:
                yield number
