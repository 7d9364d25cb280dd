"""The pages people live in, at size: whole response and database time, against one look-up by primary key.

Budgets (PRODUCT §8): database p95 at most 5 ms, whole response p95 at most 60 ms, and the same number of queries for
few rows and for many.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

from django.core.management.base import CommandError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings

from accounts.models import User
from bench import scratch
from handoff.models import Handoff, SlaClock
from handoff.services.offers import offer_many
from handoff.services.sweeps import start_missing
from leads.models import Lead
from scoring.models import QualificationCycle
from scoring.services import keeping

ROUNDS = 40
OFFERED = 200  # open handoffs in the rep's inbox, unless --offered says another number
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def run(leads: int = 100_000, activities: int = 2_000_000, offered: int = OFFERED) -> dict[str, Any]:
    with scratch.database(leads, activities), override_settings(ALLOWED_HOSTS=["*"]):
        mara, rita = _people()
        _fill_queue()
        opened = _fill_inbox(mara, rita, offered)
        handoff = Handoff.objects.open().filter(rep=rita).first()
        busiest = Lead.objects.get(pk=1)
        pages = {
            "queue": (mara, "/queue/"),
            "inbox": (rita, "/inbox/"),
            "inbox_lead": (rita, f"/inbox/{handoff.pk}/" if handoff else "/inbox/"),
            "leads": (mara, "/leads/"),
            "leads_by_score": (mara, "/leads/?sort=-score"),
            "lead": (mara, f"/leads/{busiest.pk}/"),
            "score_panel": (mara, f"/leads/{busiest.pk}/score/"),
            "search": (mara, "/search/?q=last12"),
        }
        found = {name: _measure(*page) for name, page in pages.items()}
        reference = _p95([_timed(lambda: Lead.objects.get(pk=max(leads // 2, 1))) for _ in range(ROUNDS)])
        waiting = SlaClock.objects.running().filter(kind=SlaClock.Kind.HAND_OFF).count()
    flat = {f"{name}_{figure}": value for name, page in found.items() for figure, value in page.items()}
    worst = max(page["p95_ms"] for page in found.values())
    sizes = {"leads": leads, "activities": activities, "waiting": waiting, "offered": opened}
    summary = {"reference": "one lead by primary key, p95 ms", "reference_ms": reference}
    return {**sizes, **flat, **summary, "ratio": round(worst / reference, 1)}


def _people() -> tuple[User, User]:
    made = []
    for name, role in (("Mara", "marketer"), ("Rita", "rep")):
        address = f"{name.lower()}@bench.example"
        user = User.objects.filter(email=address).first()
        made.append(user or User.objects.create_user(address, None, name=name, role=role))
    return made[0], made[1]


def _fill_queue() -> None:
    """Everybody scored, every MQL on its clock. Only the first run does it."""
    if Handoff.objects.exists():
        return
    keeping.rescore_all()
    while start_missing(limit=5000):
        pass


def _fill_inbox(mara: User, rita: User, wanted: int) -> int:
    """So many offers for the rep, or fewer if there are not as many MQLs; how many there are."""
    there = Handoff.objects.open().filter(rep=rita).count()
    if there > wanted:
        raise CommandError(f"This database has {there} offers already; a smaller number needs another size.")
    missing = wanted - there
    waiting = QualificationCycle.objects.open().exclude(handoffs__isnull=False).order_by("pk")[:missing]
    if missing:
        there += len(offer_many(cycles=list(waiting), actor=mara, rep=rita).handoffs)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    return there


def _measure(user: User, path: str) -> dict[str, Any]:
    client = Client()
    client.force_login(user, backend=BACKEND)
    assert client.get(path).status_code == 200, path
    whole = [_timed(lambda: client.get(path)) for _ in range(ROUNDS)]
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(path)
    return {
        "p50_ms": round(statistics.median(whole), 1),
        "p95_ms": _p95(whole),
        "database_ms": round(1000 * sum(float(query["time"]) for query in queries.captured_queries), 1),
        "queries": len(queries),
        "kilobytes": round(len(answer.content) / 1024),
    }


def _timed(work: Any) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - began)


def _p95(times: list[float]) -> float:
    return round(statistics.quantiles(times, n=20)[-1], 2)
