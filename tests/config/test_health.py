"""What an orchestrator is told."""

import pytest
from django.db import connection
from django.test import Client

from config import heartbeats
from config.health import queues

QUEUES = [heartbeats.queue_name(queue) for queue in queues()]


@pytest.fixture
def everybody_lives(db: None) -> None:
    heartbeats_of([heartbeats.BEAT, *QUEUES])


def heartbeats_of(names: list[str], *, seconds_ago: float = 0) -> None:
    with connection.cursor() as cursor:
        cursor.execute(heartbeats.UPSERT, [names])
        cursor.execute(
            "UPDATE accounts_heartbeat SET at = at - %s * interval '1 second' WHERE name = ANY(%s)",
            [seconds_ago, names],
        )


def test_a_living_process_says_so_without_asking_anybody(client: Client):
    response = client.get("/livez")

    assert response.status_code == 200


def test_all_is_well_when_every_queue_and_beat_were_heard_of(client: Client, everybody_lives: None):
    response = client.get("/healthz")

    assert response.status_code == 200
    assert response.json()["status"] == "ok"
    assert {"database", "broker", "beat", "queue:handoff", "queue:bulk"} <= set(response.json()["checks"])


def test_a_queue_nobody_works_is_named(client: Client, everybody_lives: None):
    heartbeats_of(["queue:nurture"], seconds_ago=heartbeats.STALE_SECONDS + 5)

    response = client.get("/healthz")

    failing = {name for name, check in response.json()["checks"].items() if not check["ok"]}
    assert response.status_code == 503
    assert failing == {"queue:nurture"}


def test_a_beat_never_seen_is_missing_not_young(client: Client, db: None):
    heartbeats_of(QUEUES)

    response = client.get("/healthz")

    assert response.status_code == 503
    assert response.json()["checks"]["beat"] == {"ok": False, "age_seconds": None}


def test_a_broker_that_is_gone_is_named(client: Client, everybody_lives: None, settings, tmp_path):
    from config.celery import app

    reachable = app.conf.broker_read_url, app.conf.broker_url
    app.conf.broker_read_url = app.conf.broker_url = f"redis+socket://{tmp_path}/nobody.sock"
    try:
        response = client.get("/healthz")
    finally:
        app.conf.broker_read_url, app.conf.broker_url = reachable

    assert response.status_code == 503
    assert response.json()["checks"]["broker"]["ok"] is False
    assert response.json()["checks"]["database"]["ok"] is True


def test_posting_to_health_is_refused(client: Client):
    assert client.post("/healthz").status_code == 405
