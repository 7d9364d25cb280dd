"""How fast due work is claimed by several processes while some of them are killed: due steps, then due mails.

Budget     100,000 due steps a second, in batches of 500
Reference  the same claim on a bare table of two columns, by as many processes, in the same run
Promise    no step and no mail is claimed twice, whoever dies
"""

from __future__ import annotations

import os
import random
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.db import connection

from bench import scratch
from nurturing import ledger
from nurturing.models import Campaign, Segment, SendingRules, Step
from nurturing.services import advancing, campaigns, drafting

BATCH = 500
PROCESSES = 4
KILLS = 3
REPEATS = 3  # each claim is measured so often; the best counts, because a busy machine only ever slows
BARE = """
UPDATE bench_bare SET due_at = statement_timestamp() + interval '10 minutes'
WHERE id = ANY(ARRAY(
    SELECT id FROM bench_bare WHERE due_at <= statement_timestamp() ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED))
RETURNING id
"""
FILL = """
DROP TABLE IF EXISTS bench_bare;
CREATE TABLE bench_bare (id bigserial PRIMARY KEY, due_at timestamptz);
CREATE INDEX ON bench_bare (due_at);
INSERT INTO bench_bare (due_at) SELECT now() - interval '1 day' + i * interval '1 millisecond'
FROM generate_series(1, %s) i;
"""
RUNS = """
INSERT INTO nurturing_enrolment (campaign_id, version_id, lead_id, rotation, step_id, due_at, ended_because)
SELECT %s, %s, id, 1, %s, now() - interval '1 day' + id * interval '1 millisecond', ''
FROM leads_lead ORDER BY id LIMIT %s
"""
MAILS = """
INSERT INTO nurturing_message
    (enrolment_id, step_id, visit, key, to_address, state, attempt, failures, interruptions, reply, bounced)
SELECT run.id, run.step_id, 1, gen_random_uuid(), lead.email, 'queued', 0, 0, 0, '', false
FROM nurturing_enrolment run JOIN leads_lead lead ON lead.id = run.lead_id ORDER BY run.id LIMIT 20000
"""

Claims = Iterator[list[int]]


def run(leads: int = 200_000) -> dict[str, Any]:
    with scratch.database(leads, 1):
        campaign, step = _campaign()
        steps, twice = _best(lambda: _fill_runs(campaign, step, leads), lambda: _claim_steps(campaign.pk))
        bare, _ = _best(lambda: _execute(FILL, [leads]), _claim_bare)
        mails, twice_mailed = _best(_fill_mails, _claim_mails, repeats=1)
        _execute("DROP TABLE bench_bare")
    return {
        "due": leads,
        "batch": BATCH,
        "processes": PROCESSES,
        "killed": KILLS * REPEATS + KILLS,
        "claimed_twice": twice + twice_mailed,
        "steps_per_second": round(steps),
        "mails_per_second": round(mails),
        "reference": "the same claim on a bare table, per second",
        "reference_per_second": round(bare),
        "ratio": round(steps / bare, 2),
    }


def _best(
    fill: Callable[[], Any], claims: Callable[[], Claims], *, repeats: int = REPEATS
) -> tuple[float, int]:
    """Claims a second, and how many were claimed twice."""
    found = []
    for _ in range(repeats):
        fill()
        _execute("VACUUM ANALYZE")
        found.append(_race(claims))
    return max(speed for speed, _ in found), sum(twice for _, twice in found)


def _race(claims: Callable[[], Claims]) -> tuple[float, int]:
    """All processes until nothing is due; some are killed and replaced meanwhile."""
    connection.close()
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        children = [_fork(claims, Path(folder) / str(number)) for number in range(PROCESSES)]
        for number in range(KILLS):
            time.sleep(0.05 + random.random() * 0.1)
            victim = children.pop(0)
            os.kill(victim, signal.SIGKILL)
            os.waitpid(victim, 0)
            children.append(_fork(claims, Path(folder) / f"again-{number}"))
        for child in children:
            os.waitpid(child, 0)
        seconds = time.perf_counter() - began
        claimed = [line for file in Path(folder).iterdir() for line in file.read_text().split()]
    return len(claimed) / seconds, len(claimed) - len(set(claimed))


def _fork(claims: Callable[[], Claims], record: Path) -> int:
    child = os.fork()
    if child:
        return child
    try:
        with record.open("w", buffering=1 << 16) as file:
            for ids in claims():
                file.write("\n".join(map(str, ids)) + "\n")
                file.flush()
    finally:
        os._exit(0)


def _claim_bare() -> Claims:
    with connection.cursor() as cursor:
        while cursor.execute(BARE, [BATCH]) and (rows := cursor.fetchall()):
            yield [row[0] for row in rows]


def _claim_steps(campaign_id: int) -> Claims:
    """As a worker drains them, and once more from the beginning: what was locked when it passed may be free by now."""
    for _ in range(2):
        since = advancing.BEGINNING
        while claim := advancing._claim(campaign_id, BATCH, since):
            since = claim.reached
            yield claim.ids


def _claim_mails() -> Claims:
    while held := ledger.claim(BATCH):
        yield [claim.message_id for claim in held]


def _campaign() -> tuple[Campaign, Step]:
    """Running, with one mail as its only step; made by the first run of a size."""
    SendingRules.objects.all().delete()  # mails are claimed at night, too
    found = Campaign.objects.filter(name="Bench").first()
    if found is None:
        segment = Segment.objects.create(name="Bench", conditions=[])
        found = campaigns.create(name="Bench", segment=segment, goal="mql", cool_down_days=30, actor=None)
        drafting.add_step(version=found.versions.get(), kind="email")
        Campaign.objects.filter(pk=found.pk).update(state=Campaign.State.ACTIVE)
    return found, Step.objects.get(version__campaign=found)


def _fill_runs(campaign: Campaign, step: Step, number: int) -> None:
    _execute("TRUNCATE nurturing_enrolment CASCADE")
    _execute(RUNS, [campaign.pk, step.version_id, step.pk, number])


def _fill_mails() -> None:
    _execute("TRUNCATE nurturing_message CASCADE")
    _execute(MAILS)


def _execute(sql: str, values: list[Any] | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
