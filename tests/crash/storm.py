"""One run: people in two campaigns of two mails, workers on the queue, faults by the dice of a seed, then quiet."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg

from config.embedded.paths import ROOT
from config.embedded.postgres import Postgres
from config.embedded.process import spawn, stop, wait_until
from config.embedded.valkey import Valkey
from nurturing import failpoints
from tests.crash import checker, run, workers

LEASE, DOT_TIMEOUT, GRACE = 4.0, 1.5, 6.0  # seconds
SENDERS = 3
CHANCES = dict(failpoints.chances)
MOST_SECONDS = 150.0  # to become quiet after the last fault
OPTED_OUT = 0.1  # of the people, while their mails are under way

HURRY = """
UPDATE nurturing_enrolment SET due_at = least(due_at, now()), lease_until = NULL
WHERE ended_at IS NULL AND (due_at > now() OR lease_until > now());
UPDATE nurturing_message SET due_at = now() WHERE state = 'queued' AND due_at > now();
"""
OPEN = """
SELECT count(*) FILTER (WHERE state IN ('queued', 'claimed', 'dot')),
    count(*) FILTER (WHERE state = 'unknown' AND (dot_at > now() - make_interval(secs => %s) OR again)),
    (SELECT count(*) FROM nurturing_enrolment run WHERE ended_at IS NULL AND NOT EXISTS (
        SELECT 1 FROM nurturing_message m WHERE m.enrolment_id = run.id AND m.state IN ('unknown', 'parked'))),
    count(*) FILTER (WHERE told_at IS NULL AND state IN ('accepted', 'rejected'))
FROM (SELECT mail.*, campaign.doubt_policy = 'rather_twice' AS again FROM nurturing_message mail
      JOIN nurturing_enrolment run ON run.id = mail.enrolment_id
      JOIN nurturing_campaign campaign ON campaign.id = run.campaign_id) mail
"""


def play(
    database: Postgres, broker: Valkey, home: Path, *, seed: int, messages: int, kills: int
) -> dict[str, Any]:
    began = time.monotonic()
    storm = Storm(database, broker, home, seed=seed, messages=messages, kills=kills)
    try:
        storm.begin()
        storm.rage()
        storm.settle()
    finally:
        storm.end()
    return storm.result() | {"seconds": round(time.monotonic() - began, 1), "seed": seed}


class Storm:
    def __init__(
        self, database: Postgres, broker: Valkey, home: Path, *, seed: int, messages: int, kills: int
    ) -> None:
        self.database, self.broker, self.home = database, broker, home
        self.seed, self.messages, self.kills = seed, messages, kills
        self.dice = random.Random(seed)
        self.done: Counter[str] = Counter()
        self.forked = 0
        self.children: dict[int, Callable[[random.Random], Any]] = {}
        self.sink: subprocess.Popen | None = None
        self.sink_log, self.points_log = home / "sink.log", Path(os.environ["TANDEM_FAIL_LOG"])
        self.progress = 0
        self.quiet = False

    # before

    def begin(self) -> None:
        for path in (self.sink_log, self.points_log):
            path.unlink(missing_ok=True)
            path.touch()
        shutil.rmtree(workers.REPORTS, ignore_errors=True)
        for folder in ("tmp", "new", "cur"):
            (workers.REPORTS / folder).mkdir(parents=True)
        self._fresh_database()
        self._start_sink()
        self._shorten()
        _warm()
        in_a_child(self._people)
        failpoints.chances.update(CHANCES)

    def _fresh_database(self) -> None:
        with self.database.connect("postgres") as admin:
            admin.execute(f'DROP DATABASE IF EXISTS "{run.SCRATCH}" WITH (FORCE)')
            admin.execute(f'CREATE DATABASE "{run.SCRATCH}" TEMPLATE "{run.template_name()}"')
        with self.database.connect(run.SCRATCH) as connection:
            connection.execute(checker.HISTORY)

    def _start_sink(self) -> None:
        command = [sys.executable, "-m", "tests.crash.sink", self.sink_log, workers.REPORTS, str(self.seed)]
        self.sink = spawn(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.sink.stdout is not None
        self.port = int(self.sink.stdout.readline())

    def _shorten(self) -> None:
        """The product's own waits, in seconds instead of minutes; in their order: dot < lease < grace."""
        import django

        django.setup()
        from django.conf import settings

        from nurturing import lanes, ledger, smtp

        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", self.port, DOT_TIMEOUT
        settings.EMAIL_SERVER_IS_OURS = True
        settings.MAIL_PROOF_GRACE = timedelta(seconds=GRACE)
        settings.MAIL_THROTTLES, settings.MAIL_CONNECTIONS = False, 3
        settings.RETURN_MAILDIR = str(workers.REPORTS)
        shorter: list[tuple[Any, str, Any]] = [
            (ledger, "LEASE", timedelta(seconds=LEASE)),
            (smtp, "DOT_TIMEOUT", DOT_TIMEOUT),
            (lanes, "BATCH", 8),
            (lanes, "BATCH_SECONDS", LEASE / 2),
            (lanes, "LOOK_AGAIN", 0.1),
        ]
        for module, name, value in shorter:
            assert hasattr(module, name), f"{module.__name__}.{name} is gone"
            setattr(module, name, value)

    def _people(self) -> None:
        """Half of them in a campaign that rather sends twice, half in one that leaves doubt to a person."""
        from nurturing.models import SendingRules
        from nurturing.services import enrolments
        from tests.nurturing import factories

        SendingRules.objects.all().delete()  # people get several mails within minutes, at any hour
        people = [factories.lead().pk for _ in range(self.messages // 2)]
        for policy, chosen in (("rather_twice", people[::2]), ("rather_none", people[1::2])):
            nobody = factories.segment(conditions=[{"field": "country", "op": "is", "value": "Atlantis"}])
            campaign = factories.running(doubt_policy=policy, segment=nobody)
            enrolments.enrol(campaign=campaign, leads=chosen)

    # while

    def rage(self) -> None:
        for work in (*[workers.send] * SENDERS, workers.listen, workers.unsubscribe):
            self._fork(work)
        faults = self._faults()
        next_hurry = 0.0
        while self._killed() < self.kills and faults:
            self._wait_for_progress(self.kills - self._killed())
            if time.monotonic() > next_hurry:
                next_hurry = time.monotonic() + 0.7
                if not self._hurry_and_count():
                    break
            faults.pop()()
            if not faults:
                faults = self._faults()

    def _faults(self) -> list[Callable[[], None]]:
        """One in forty hits the database, one in forty the broker; the others a worker."""
        faults = [self._kill_one] * 38 + [self._stop_database, self._lose_broker]
        self.dice.shuffle(faults)
        return faults

    def _wait_for_progress(self, left: int) -> None:
        """The dice say how many mails the receiver handles until the next fault; now and then none, and sometimes
        nothing moves. Workers killed faster than they start would only ever be killed while they start."""
        seen = self._handled()
        open_mails = max(self.messages - self.progress, 1)
        target = seen + self.dice.expovariate(left * (1 - run.POINTS_SHARE) / open_mails)
        wait_until(lambda: self._handled() >= target or self._revive() > 1, seconds=2, every=0.004)
        time.sleep(self.dice.uniform(0, 0.01))  # between any two lines

    def _handled(self) -> int:
        return self.sink_log.stat().st_size // 110  # bytes of a line, about

    def _fork(self, work: Callable[[random.Random], Any]) -> None:
        self.forked += 1
        os.environ["TANDEM_CRASH_OPT_OUT_SECONDS"] = str(20 / max(OPTED_OUT * self.messages / 2, 1))
        child = workers.fork(work, seed=f"{self.seed}:{self.forked}", log=self.home / "workers.log")
        self.children[child] = work

    def _revive(self) -> int:
        """Start anew who died at a fail point; how many."""
        dead = [child for child in self.children if os.waitpid(child, os.WNOHANG)[0]]
        for child in dead:
            self._fork(self.children.pop(child))
        return len(dead)

    def _kill_one(self) -> None:
        self._revive()
        child = self.dice.choice([pid for pid in sorted(self.children) for _ in range(self._weight(pid))])
        work = self.children.pop(child)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        self.done[f"any_moment_{work.__name__}"] += 1
        self._fork(work)

    def _weight(self, child: int) -> int:
        return 5 if self.children[child] is workers.send else 1

    def _stop_database(self) -> None:
        self.database.stop_immediately()
        time.sleep(self.dice.uniform(0, 0.3))
        self.database.relaunch()
        assert wait_until(self.database.answers, seconds=60), "PostgreSQL did not come back"
        self.done["postgres_immediate_stop"] += 1

    def _lose_broker(self) -> None:
        if self.dice.random() < 0.5:
            self._flush_broker()
            return
        assert self.broker.process is not None
        self.broker.process.kill()
        self.broker.process.wait()
        for path in self.broker.data.rglob("*"):
            if path.is_file():
                path.unlink()  # and all it knew
        time.sleep(self.dice.uniform(0, 0.3))
        self.broker.relaunch()
        assert wait_until(self.broker.answers, seconds=20), "Valkey did not come back"
        self.done["valkey_lost"] += 1

    def _flush_broker(self) -> None:
        import redis

        redis.Redis(unix_socket_path=str(self.broker.socket)).flushall()
        self.done["valkey_flushed"] += 1

    def _killed(self) -> int:
        """Workers, however they were killed."""
        at_points = len(self.points_log.read_text().splitlines())
        return at_points + sum(number for name, number in self.done.items() if name.startswith("any_moment"))

    def _hurry_and_count(self) -> int:
        """Waits are over; how many mails and runs are still under way."""
        try:
            with self.database.connect(run.SCRATCH) as connection:
                connection.execute(HURRY)
                counts = connection.execute(OPEN, [GRACE]).fetchone()
                ended = connection.execute(
                    "SELECT count(*) FROM nurturing_message WHERE state NOT IN ('queued', 'claimed', 'dot')"
                ).fetchone()
        except psycopg.Error:
            return 1
        self.progress = ended[0]
        return sum(counts)

    # after

    def settle(self) -> None:
        """No more faults: whoever lives may finish."""
        failpoints.chances.clear()
        for child in sorted(self.children):
            work = self.children.pop(child)
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            self.done[f"any_moment_{work.__name__}"] += 1
            if work is not workers.unsubscribe:
                self._fork(work)
        self.quiet = wait_until(self._is_quiet, seconds=MOST_SECONDS, every=1)
        if not self.quiet:
            self._say_what_hangs()

    def _say_what_hangs(self) -> None:
        """Where each worker stands, and what the database is at, into the workers' log."""
        for child in self.children:
            os.kill(child, signal.SIGUSR1)
        time.sleep(1)
        with self.database.connect(run.SCRATCH) as connection, (self.home / "workers.log").open("a") as log:
            for row in connection.execute(
                "SELECT pid, state, wait_event, now() - xact_start, query FROM pg_stat_activity"
            ):
                log.write(f"HANGS {row}\n")
            for row in connection.execute(
                "SELECT * FROM nurturing_message WHERE state IN ('queued', 'claimed', 'dot')"
            ):
                log.write(f"HANGS {row}\n")

    def _is_quiet(self) -> bool:
        self._revive()
        return not any((workers.REPORTS / "new").iterdir()) and self._hurry_and_count() == 0

    def end(self) -> None:
        for child in sorted(self.children):
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        self.children.clear()
        stop(self.sink, with_signal=signal.SIGTERM, seconds=5)

    def result(self) -> dict[str, Any]:
        counted = self.home / "counted.json"
        in_a_child(lambda: counted.write_text(json.dumps(_counted())))
        url = run.url_of(self.database, run.SCRATCH)
        found = checker.check(url, self.sink_log, json.loads(counted.read_text()))
        if not self.quiet:
            found["violations"].append(f"I3: not quiet after {MOST_SECONDS:.0f} s")
        points = Counter(self.points_log.read_text().split())
        return found | {"kills": self._killed(), "kills_by_kind": dict(sorted((points + self.done).items()))}


def _warm() -> None:
    """What every worker would import and work out anew stands in memory before the first is forked."""
    from django.db import connections

    from config.celery import app
    from nurturing import gates, letters, tasks
    from nurturing.tokens import TEST

    app.loader.import_default_modules()
    gates.one_may_be_sent()
    letters.addresses(TEST, {})
    for task in (tasks.advance_due, tasks.send_due, tasks.sweep_stops):
        task()
    connections.close_all()


def _counted() -> dict[str, int]:
    """What Tandem's own reports say."""
    from nurturing import reporting
    from nurturing.models import Campaign

    totals = [reporting.report(campaign).total.counts for campaign in Campaign.objects.all()]
    return {what: sum(total[what] for total in totals) for what in ("sent", "refused")}


def in_a_child(work: Callable[[], Any]) -> None:
    """This process must never hold a connection: its children would share it."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            if code:
                import traceback

                traceback.print_exc()
            os._exit(code)
    if os.waitpid(child, 0)[1]:
        raise SystemExit("The crash test could not be prepared or counted; see above.")
