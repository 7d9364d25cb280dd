"""A backtest of a draft beside the version in force, over all history, against one scan of the same activities.

Reference  one sequential scan of the activity table, grouped by lead, as for `rescore`
Ours       everything: read activities and the history of fields, walk each lead under both definitions, judge every
           line, keep result and moves. Then the page that answers for another line
"""

from __future__ import annotations

import resource
import statistics
from functools import partial
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import override_settings

from accounts.models import User
from bench import scratch
from bench.rescore import ROUNDS, _reference, _timed
from scoring.models import Backtest, ModelVersion, Rule
from scoring.services.backtests import start_backtest, work_on
from scoring.services.versions import create_draft

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
LINES = range(40, 90, 5)
HISTORY = """
INSERT INTO leads_{table}event ({columns}, pgh_created_at, pgh_label, pgh_obj_id)
SELECT {columns}, created_at, 'insert', id FROM leads_{table} WHERE NOT EXISTS (SELECT 1 FROM leads_{table}event)
"""


def run(leads: int = 100_000, activities: int = 2_000_000) -> dict[str, Any]:
    with scratch.database(leads, activities), override_settings(ALLOWED_HOSTS=["*"]):
        _give_history()
        draft = _draft()
        first = start_backtest(version=draft, actor=None, against=ModelVersion.objects.published())
        work_on(first.pk)  # compiles the walk
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        runs = [_run_once(draft) for _ in range(ROUNDS)]
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024
        seconds = statistics.median(seconds for seconds, _ in runs)
        reference = statistics.median(_timed(_reference)[0] for _ in range(ROUNDS))
        done = Backtest.objects.get(pk=runs[-1][1])
        slider = _slider(done)
    return {
        "leads": leads,
        "activities": activities,
        "seconds": round(seconds, 2),
        "entered": sum(done.result["sides"][0]["entered"][40:41]),
        "enters": done.result["enters"][0],
        "leaves": done.result["leaves"][0],
        "reference": "seq scan + GROUP BY lead",
        "reference_seconds": round(reference, 2),
        "ratio": round(seconds / reference, 2),
        "slider_ms": slider,
        "extra_megabytes": round(grown),
    }


def _run_once(draft: ModelVersion) -> tuple[float, int]:
    made = start_backtest(version=draft, actor=None, against=ModelVersion.objects.published())
    seconds, _ = _timed(lambda: work_on(made.pk))
    return seconds, made.pk


def _give_history() -> None:
    """The scratch database is filled past its triggers; a real one has an entry for each lead and company."""
    with connection.cursor() as cursor:
        for table in ("lead", "company"):
            cursor.execute(
                "SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns"
                " WHERE table_name = %s AND table_schema = 'public'",
                [f"leads_{table}"],
            )
            cursor.execute(HISTORY.format(table=table, columns=cursor.fetchone()[0]))
        cursor.execute("VACUUM ANALYZE leads_leadevent, leads_companyevent")


def _draft() -> ModelVersion:
    """The published rules with other points for every third behaviour."""
    draft = create_draft(note="For the measurement")
    for rule in Rule.objects.filter(version=draft, subject="behaviour", effect="points")[::3]:
        Rule.objects.filter(pk=rule.pk).update(points=rule.points + 5)
    return draft


def _slider(backtest: Backtest) -> float:
    """Milliseconds until the page has answered for another line: the slowest of ten."""
    user = User.objects.filter(role="marketer").first() or User.objects.create_user(
        "slider@bench.example", None, name="Mara", role="marketer"
    )
    client = Client()
    client.force_login(user, backend=BACKEND)
    times = []
    for line in LINES:
        address = f"/scoring/backtests/{backtest.pk}/line/?line={line}"
        seconds, answer = _timed(partial(client.get, address, headers={"HX-Request": "true"}))
        assert answer.status_code == 200, answer.status_code
        times.append(1000 * seconds)
    return round(max(times[1:]), 1)
