"""Two questions an orchestrator asks: is this process alive, and does the whole of Tandem work?"""

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config import heartbeats
from config.celery import app

BROKER_SECONDS = 2.0

Check = dict[str, Any]


@require_safe
@never_cache
def livez(request: HttpRequest) -> HttpResponse:
    """This process answers. Nothing else is asked: restarting it would not bring a database back."""
    return HttpResponse("ok", content_type="text/plain")


@require_safe
@never_cache
@transaction.non_atomic_requests
def healthz(request: HttpRequest) -> HttpResponse:
    """Database, broker, a worker on every queue, beat; 503 as soon as one is missing or silent."""
    checks = {"database": timed(ask_database), "broker": timed(ask_broker), **heartbeat_checks()}
    ok = all(check["ok"] for check in checks.values())
    response = JsonResponse(
        {"status": "ok" if ok else "failing", "checks": checks}, status=200 if ok else 503
    )
    response._has_been_logged = True  # type: ignore[attr-defined]  # an answer, not an error of this process
    return response


def timed(ask: Callable[[], None]) -> Check:
    started = time.monotonic()
    try:
        ask()
    except Exception as problem:  # whatever it is, the answer to the question is no
        return {"ok": False, "problem": type(problem).__name__}
    return {"ok": True, "milliseconds": round((time.monotonic() - started) * 1000, 1)}


def ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def ask_broker() -> None:
    with app.connection_for_read(connect_timeout=BROKER_SECONDS) as broker:
        broker.connect()
        broker.channel().close()


def heartbeat_checks() -> dict[str, Check]:
    """One per queue and one for beat, with seconds since its last sign of life (null: never seen)."""
    try:
        ages = heartbeats.ages()
    except Exception:  # the database check says why
        ages = {}
    names = [heartbeats.BEAT, *(heartbeats.queue_name(queue) for queue in queues())]
    return {name: heartbeat_check(ages.get(name)) for name in names}


def queues() -> list[str]:
    return sorted({route["queue"] for route in settings.CELERY_TASK_ROUTES.values()})


def heartbeat_check(age: float | None) -> Check:
    fresh = age is not None and age <= heartbeats.STALE_SECONDS
    return {"ok": fresh, "age_seconds": None if age is None else round(age, 1)}
