"""From an event to the queue, under load: how long until somebody who asks for a demo stands there.

Ours       gunicorn and one Celery worker, real requests of BATCH events at RATE a second from known visitors; in one
           request of ASKS one visitor asks for a demo, which qualifies at once (ten MQLs a second: more than any sales
           team takes). Timed from before the request is sent until another connection sees the cycle
Alone      one lead scored and kept, without load, commit included; the busiest leads come most often
Reference  the same requests' own answers: a 2xx comes after the commit, so nothing can be in the queue before
"""

from __future__ import annotations

import base64
import http.client
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any
from uuid import uuid4

import orjson
import redis
from django.conf import settings
from django.db import connection
from django.test.utils import override_settings

from accounts.models import ApiToken
from accounts.services import create_token
from bench import ingest, scratch
from leads.models import Touch
from scoring.services import keeping

RATE = 2_000  # events a second
BATCH = 50  # events a request
SECONDS = 20
ASKS = 4  # requests of which one brings an MQL
CLIENTS = 4
ALONE = 300  # leads scored one by one
PATIENCE = 30  # seconds after the last event until we give up waiting
BROKER = 14  # Valkey databases that nobody else uses; emptied first
CACHE = 15
Requests = SimpleQueue[tuple[float, int | None]]  # when each is to leave, and who asks for a demo in it
IDENTITIES = (
    "INSERT INTO leads_identity (lead_id, kind, value, created_at)"
    " SELECT id, 'visitor', 'visitor-' || id, now() FROM leads_lead ON CONFLICT DO NOTHING"
)
SEEN = "SELECT lead_id FROM scoring_qualificationcycle WHERE id > %s ORDER BY id"


def run(leads: int = 100_000, activities: int = 2_000_000) -> dict[str, Any]:
    with scratch.database(leads, activities), override_settings(ALLOWED_HOSTS=["*"]):
        secret, askers = _prepare(leads)
        alone = _alone(leads)
        with _processes() as port:
            load = [os.getloadavg()[0]]
            answers, waits, missing = _storm(port, secret, leads, askers)
            load.append(os.getloadavg()[0])
        left = Touch.objects.count()
    queue_p99, answer_p99 = _at(waits, 99), _at(answers, 99)
    return {
        "leads": leads,
        "activities": activities,
        "events": RATE * SECONDS,
        "events_per_second": RATE,
        "scoring_alone_p50_ms": _at(alone, 50),
        "scoring_alone_p99_ms": _at(alone, 99),
        "asked": len(waits) + missing,
        "never_seen": missing,
        "to_queue_p50_ms": _at(waits, 50),
        "to_queue_p99_ms": queue_p99,
        "to_queue_most_ms": _at(waits, 100),
        "waiting_leads_at_the_end": left,
        "load_average": [round(each, 1) for each in load],
        "reference": "the answer to the same request, p99 ms",
        "reference_ms": answer_p99,
        "ratio": round(queue_p99 / answer_p99, 2),
    }


def _prepare(leads: int) -> tuple[str, list[int]]:
    """A key, and leads whom nothing keeps from qualifying."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(IDENTITIES)
        cursor.execute("TRUNCATE leads_touch")
        cursor.execute("RESET session_replication_role")
    keeping.rescore_all()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.lead_id FROM scoring_score s WHERE s.disqualifying_rule = '' AND NOT EXISTS"
            " (SELECT 1 FROM scoring_qualificationcycle c WHERE c.lead_id = s.lead_id)"
            " ORDER BY random() LIMIT %s",
            [RATE * SECONDS // BATCH // ASKS],
        )
        askers = [row[0] for row in cursor.fetchall()]
    return create_token(kind=ApiToken.Kind.WRITE, name="Bench")[1], askers


def _alone(leads: int) -> list[float]:
    numbers = random.Random(1)
    chosen = [1 + int(leads * numbers.random() ** 2.2) for _ in range(ALONE)]
    return [_timed(partial(keeping.score_leads, [pk])) for pk in chosen]


@contextmanager
def _processes() -> Iterator[int]:
    """The web server and a worker, with a broker and a cache of their own."""
    url = settings.REDIS_URL
    apart = {"REDIS_URL": _database(url, CACHE), "CELERY_BROKER_URL": _broker(url)}
    for number in (BROKER, CACHE):
        redis.Redis.from_url(_database(url, number)).flushdb()
    environment = os.environ | apart | {"DATABASE_URL": ingest.url_of(_name()), "LOG_LEVEL": "ERROR"}
    command = [sys.executable, "-m", "celery", "--app", "config", "worker", "--concurrency", "1"]
    command += ["--without-gossip", "--without-mingle", "--loglevel", "ERROR"]
    worker = subprocess.Popen(command, cwd=settings.ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        with ingest.server(environment) as port:
            yield port
    finally:
        worker.terminate()
        with suppress(subprocess.TimeoutExpired):
            worker.wait(20)
        worker.kill()


def _database(url: str, number: int) -> str:
    """The same server, another of its databases."""
    if url.startswith("unix://"):
        return f"{url.split('?')[0]}?db={number}"
    return f"{url.rsplit('/', 1)[0]}/{number}"


def _broker(url: str) -> str:
    if url.startswith("unix://"):
        return url.replace("unix://", "redis+socket://").split("?")[0] + f"?virtual_host={BROKER}"
    return _database(url, BROKER)


def _name() -> str:
    return connection.settings_dict["NAME"]


def _storm(port: int, secret: str, leads: int, askers: list[int]) -> tuple[list[float], list[float], int]:
    """Milliseconds of each answer, milliseconds until each asker stood in the queue, and how many never did."""
    _warm(port, secret, leads)
    sent: dict[int, float] = {}
    seen: dict[int, float] = {}
    over = Event()
    watcher = Thread(target=_watch, args=(seen, over))
    watcher.start()
    answers = _send_all(port, secret, leads, askers, sent)
    deadline = time.perf_counter() + PATIENCE
    while len(seen.keys() & sent.keys()) < len(sent) and time.perf_counter() < deadline:
        time.sleep(0.1)
    over.set()
    watcher.join()
    waits = [(seen[lead] - at) * 1000 for lead, at in sent.items() if lead in seen]
    return answers, waits, len(sent) - len(waits)


def _warm(port: int, secret: str, leads: int) -> None:
    """Months, shapes and the compiled kernel are there before the clock runs: a server of some age has them."""
    caller, headers = _caller(port, secret)
    for _ in range(20):
        _post(caller, headers, [_page(leads) for _ in range(BATCH)])
    deadline = time.perf_counter() + 120
    while Touch.objects.exists() and time.perf_counter() < deadline:
        time.sleep(0.2)
    caller.close()


def _send_all(port: int, secret: str, leads: int, askers: list[int], sent: dict[int, float]) -> list[float]:
    """Requests leave at their times, not after one another: a slow answer does not slow the storm down."""
    due: Requests = SimpleQueue()
    begin = time.perf_counter() + 0.5
    for number in range(RATE * SECONDS // BATCH):
        asker = askers[number // ASKS] if number % ASKS == 0 and number // ASKS < len(askers) else None
        due.put((begin + number * BATCH / RATE, asker))
    with ThreadPoolExecutor(CLIENTS) as clients:
        parts = [clients.submit(_client, port, secret, leads, due, sent) for _ in range(CLIENTS)]
        return [each for part in parts for each in part.result()]


def _client(port: int, secret: str, leads: int, due: Requests, sent: dict[int, float]) -> list[float]:
    caller, headers = _caller(port, secret)
    answers = []
    with suppress(Empty):
        while True:
            at, asker = due.get_nowait()
            events = [_page(leads) for _ in range(BATCH)]
            if asker is not None:
                events[-1] = _demo(asker)
                sent[asker] = at  # when it should have left, so that a busy client is no excuse
            time.sleep(max(at - time.perf_counter(), 0))
            answers.append(_timed(partial(_post, caller, headers, events)))
    caller.close()
    return answers


def _watch(seen: dict[int, float], over: Event) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM scoring_qualificationcycle")
        before = cursor.fetchone()[0]
        while not over.wait(0.02):
            cursor.execute(SEEN, [before])
            for (lead,) in cursor.fetchall():
                seen.setdefault(lead, time.perf_counter())
    connection.close()


def _caller(port: int, secret: str) -> tuple[http.client.HTTPConnection, dict[str, str]]:
    key = base64.b64encode(f"{secret}:".encode()).decode()
    headers = {"Authorization": f"Basic {key}", "Content-Type": "application/json"}
    return http.client.HTTPConnection("127.0.0.1", port, timeout=60), headers


def _post(caller: http.client.HTTPConnection, headers: dict[str, str], events: list[dict[str, Any]]) -> None:
    body = orjson.dumps({"batch": events, "sentAt": datetime.now(UTC).isoformat()})
    caller.request("POST", "/v1/batch", body, headers)
    answer = caller.getresponse()
    verdicts = answer.read()
    if answer.status != 200 or orjson.loads(verdicts)["accepted"] != len(events):
        raise RuntimeError(f"{answer.status}: {verdicts[:500]!r}")


def _page(leads: int) -> dict[str, Any]:
    page = random.randint(1, 300)
    properties = {"url": f"https://www.acme.example/products/line-{page}", "title": f"Product line {page}"}
    return _event(1 + int(leads * random.random()), type="page", properties=properties)


def _demo(lead: int) -> dict[str, Any]:
    return _event(lead, type="track", event="Demo Requested", properties={"form": "hero"})


def _event(lead: int, **parts: Any) -> dict[str, Any]:
    return {
        "messageId": str(uuid4()),
        "anonymousId": f"visitor-{lead}",
        "timestamp": datetime.now(UTC).isoformat(),
        "context": {"userAgent": ingest.AGENT},
        **parts,
    }


def _timed(work: Any) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _at(times: list[float], percent: int) -> float:
    """A percentile, in whole and tenths of milliseconds; 100 is the longest."""
    if len(times) < 2 or percent == 100:
        return round(max(times, default=0), 1)
    return round(statistics.quantiles(times, n=100, method="inclusive")[percent - 1], 1)
