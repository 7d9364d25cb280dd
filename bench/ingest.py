"""Events over HTTP against the same rows put in directly.

Reference  one client, the statement of leads.services.activities, columns ready made, a commit for each 500 rows
Ours       gunicorn with one process a core, real requests of 500 events each, keys, checks, identities and all
"""

from __future__ import annotations

import base64
import http.client
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import orjson
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections

from accounts.models import ApiToken
from accounts.services import create_token
from leads.services import arrays
from leads.services.activities import STORE

BATCH = 500
ROUNDS = 3
CLIENTS = 4
NAME = "tandem_bench_ingest"
# Events are counted, and none is held back.
ENVIRONMENT = {"EVENTS_PER_KEY": "1000000000", "EVENTS_PER_ADDRESS": "1000000000", "LOG_LEVEL": "ERROR"}
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36"
SEED = """
INSERT INTO leads_lead (id, first_name, last_name, phone, title, seniority, department, country, city, time_zone,
    source, campaign, custom, provenance, stage, created_at)
SELECT i, '', '', '', '', '', '', '', '', '', '', '', '{}', '{}', 'lead', now() FROM generate_series(1, %s) i;
INSERT INTO leads_identity (lead_id, kind, value, created_at)
SELECT i, 'visitor', 'visitor-' || i, now() FROM generate_series(1, %s) i;
"""


def run(leads: int = 20_000, activities: int = 50_000) -> dict[str, Any]:
    """`activities` events are sent in each of the rounds, and as many rows put in directly."""
    with scratch_database():
        secret = prepare(leads)
        with server(os.environ | ENVIRONMENT | {"DATABASE_URL": url_of(NAME)}) as port:
            _send(port, secret, _bodies(leads, BATCH * CLIENTS))  # warms caches, makes months and shapes
            ours, reference = [], []
            for _ in range(ROUNDS):
                rows, bodies = _rows(leads, activities), _bodies(leads, activities)
                reference.append(activities / _timed(partial(_insert, rows)))
                ours.append(activities / _timed(partial(_send, port, secret, bodies)))
    direct, over_http = statistics.median(reference), statistics.median(ours)
    return {
        "events": activities * ROUNDS,
        "batch": BATCH,
        "http_events_per_second": round(over_http),
        "reference": "direct multi-row insert",
        "reference_events_per_second": round(direct),
        "ratio": round(over_http / direct, 2),
    }


@contextmanager
def scratch_database() -> Iterator[None]:
    """An empty database of its own, thrown away afterwards."""
    usual = connection.settings_dict["NAME"]
    _admin(f'DROP DATABASE IF EXISTS "{NAME}" WITH (FORCE)', f'CREATE DATABASE "{NAME}"')
    _point_to(NAME)
    try:
        call_command("migrate", verbosity=0, interactive=False)
        yield
    finally:
        _point_to(usual)
        _admin(f'DROP DATABASE IF EXISTS "{NAME}" WITH (FORCE)')


@contextmanager
def server(environment: dict[str, str]) -> Iterator[int]:
    """A real gunicorn on a free port of this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    processes = str(os.cpu_count() or 2)
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", "--workers", processes]
    command += ["--worker-class", "gthread", "--threads", "2", "--no-control-socket"]
    command += ["--bind", f"127.0.0.1:{port}", "--log-level", "error"]
    process = subprocess.Popen(
        command,
        cwd=settings.ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait_for(port)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def prepare(leads: int) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # no history rows for invented leads
        cursor.execute(SEED, [leads, leads])
        cursor.execute("RESET session_replication_role")
        cursor.execute("VACUUM ANALYZE")
    return create_token(kind=ApiToken.Kind.WRITE, name="Bench")[1]


def _events(leads: int, count: int) -> list[dict[str, Any]]:
    """Page views of known visitors within the last days; 300 pages, a title and a referrer each."""
    now, numbers = datetime.now(UTC), random.Random()
    return [
        {
            "type": "page",
            "messageId": str(uuid4()),
            "anonymousId": f"visitor-{numbers.randint(1, leads)}",
            "timestamp": (now - timedelta(seconds=numbers.randint(0, 3 * 86_400))).isoformat(),
            "properties": {
                "url": f"https://www.acme.example/products/line-{(page := numbers.randint(1, 300))}?ref=mail",
                "title": f"Product line {page}",
                "referrer": "https://www.example.com/search",
            },
            "context": {"userAgent": AGENT},
        }
        for _ in range(count)
    ]


def _bodies(leads: int, count: int) -> list[bytes]:
    sent_at = datetime.now(UTC).isoformat()
    return [orjson.dumps({"batch": events, "sentAt": sent_at}) for events in _chunks(_events(leads, count))]


def _rows(leads: int, count: int) -> list[list[list[Any]]]:
    """The columns of each batch, as the statement wants them; the same values that the events become."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM leads_activityshape")
        shapes = [row[0] for row in cursor.fetchall()]
    rows = [
        (
            event["messageId"],
            event["anonymousId"].removeprefix("visitor-"),
            str(random.choice(shapes)),
            event["timestamp"],
            *("0", "0"),
            event["messageId"],
            orjson.dumps(event["properties"]).decode(),
        )
        for event in _events(leads, count)
    ]
    return [[list(column) for column in zip(*chunk, strict=True)] for chunk in _chunks(rows)]


def _chunks(items: list[Any]) -> list[list[Any]]:
    return [items[start : start + BATCH] for start in range(0, len(items), BATCH)]


def _insert(batches: list[list[list[Any]]]) -> None:
    for columns in batches:
        with connection.cursor() as cursor:
            literals = [arrays.plain(column) for column in columns[:6]]
            cursor.execute(STORE, [*literals, *(arrays.texts(column) for column in columns[6:])])


def _send(port: int, secret: str, bodies: list[bytes]) -> None:
    share = [bodies[number::CLIENTS] for number in range(CLIENTS)]
    with ThreadPoolExecutor(CLIENTS) as clients:
        for done in [clients.submit(_client, port, secret, part) for part in share]:
            done.result()


def _client(port: int, secret: str, bodies: list[bytes]) -> None:
    """One keep-alive connection. Raises when an event was not stored."""
    key = base64.b64encode(f"{secret}:".encode()).decode()
    headers = {"Authorization": f"Basic {key}", "Content-Type": "application/json"}
    caller = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for body in bodies:
        caller.request("POST", "/v1/batch", body, headers)
        answer = caller.getresponse()
        verdicts = answer.read()
        if answer.status != 200 or orjson.loads(verdicts)["accepted"] != BATCH:
            raise RuntimeError(f"{answer.status}: {verdicts[:500]!r}")
    caller.close()


def _timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _wait_for(port: int) -> None:
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError("gunicorn did not start within 30 seconds.")


def _admin(*statements: str) -> None:
    connection.close()
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _point_to(name: str) -> None:
    connection.close()
    connections["default"].settings_dict["NAME"] = name


def url_of(name: str) -> str:
    """A scratch database, for another process."""
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
