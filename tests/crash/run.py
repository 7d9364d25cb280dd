"""`manage.py crash_test`: workers, database and broker are killed while mails go out; then everything is counted.

It starts a PostgreSQL and a Valkey of its own under `.local/crash/`, makes a scratch database for each run, and
stops them again. Nobody's own data is near. What runs is the product's own code with shorter patience: a lease of
seconds, a grace of seconds; who waits for an hour or a day is hurried along.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import random
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import IO, Any

from config.embedded import schema
from config.embedded.paths import LOCAL, ROOT
from config.embedded.postgres import Postgres
from config.embedded.valkey import Valkey

SLOTS = 16
SCRATCH = "tandem_crash"
POINTS = (
    "after_claim",
    "after_connect",
    "after_354",
    "after_body",
    "after_fence",
    "after_dot",
    "after_250",
    "after_result",
)
POINTS_SHARE = 0.5  # of the kills happen at fail points, the others at any moment


def main(arguments: list[str]) -> int:
    """0 when nothing was lost, doubled or otherwise wrong, else 1."""
    options = _options(arguments)
    slot, home = take_slot()
    database = Postgres(home, track_commit_timestamp="on")
    broker = Valkey(home)
    try:
        database.start()
        broker.start()
        prepare(database, broker, home)
        arm(options.messages, options.kills)
        total = run_all(database, broker, home, options)
    finally:
        broker.stop()
        database.stop()
        slot.close()
    print(json.dumps(total) if options.json else as_text(total))
    return 1 if total["lost"] or total["duplicates"] or total["violations"] else 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="manage.py crash_test", description=__doc__)
    parser.add_argument("--messages", type=_number, default=600, help="mails a run (600)")
    parser.add_argument("--kills", type=_number, default=60, help="killed workers a run, about (60)")
    parser.add_argument("--runs", type=_number, default=1, help="runs, with the seeds S, S+1, ... (1)")
    parser.add_argument("--seed", type=int, default=None, help="repeats the faults of an earlier run")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    options = parser.parse_args(arguments)
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(1_000_000)
    return options


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= 1_000_000):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a whole number from 1 to 1,000,000")
    return int(text)


def take_slot() -> tuple[IO[str], Path]:
    """Several crash tests of one checkout do not meet."""
    root = LOCAL / "crash"
    root.mkdir(parents=True, exist_ok=True)
    for number in range(SLOTS):
        lock = (root / f"{number}.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        return lock, root / str(number)
    raise SystemExit(f"{SLOTS} crash tests are running in this checkout already.")


def prepare(database: Postgres, broker: Valkey, home: Path) -> None:
    """The environment of the workers, Django, and a migrated database to copy."""
    os.environ["DATABASE_URL"] = url_of(database, SCRATCH)
    os.environ["REDIS_URL"], os.environ["CELERY_BROKER_URL"] = broker.cache_url(1), broker.broker_url(0)
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"
    os.environ["TANDEM_CRASH_REPORTS"] = str(home / "reports")
    os.environ["TANDEM_FAIL_LOG"] = str(home / "points.log")
    build_template(database)


def arm(messages: int, kills: int) -> None:
    """Each mail passes nearly each point about once."""
    chance = POINTS_SHARE * kills / (messages * len(POINTS))
    os.environ["TANDEM_FAIL_POINTS"] = ",".join(f"{name}:{chance:.6f}" for name in POINTS)


def url_of(database: Postgres, name: str) -> str:
    return database.url.replace("/tandem?", f"/{name}?")


@cache  # a run goes on with the tables it began with
def template_name() -> str:
    return f"template_{schema.digest()}"


def build_template(database: Postgres) -> None:
    """Migrate once; a half-made one never gets the name."""
    name = template_name()
    with database.connect("postgres") as admin:
        found = [row[0] for row in admin.execute("SELECT datname FROM pg_database")]
        if name in found:
            return
        for stale in found:
            if stale.startswith("template_") or stale == SCRATCH:
                admin.execute(f'DROP DATABASE "{stale}"')
        admin.execute(f'CREATE DATABASE "{name}_unfinished"')
        command = [sys.executable, "manage.py", "migrate", "--verbosity", "0", "--no-input"]
        environment = os.environ | {"DATABASE_URL": url_of(database, f"{name}_unfinished")}
        subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=sys.stderr)
        admin.execute(f'ALTER DATABASE "{name}_unfinished" RENAME TO "{name}"')


def run_all(database: Postgres, broker: Valkey, home: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Each run in a fresh scratch database."""
    total: dict[str, Any] = {"runs": 0, "messages": 0, "kills": 0, "kills_by_kind": Counter()}
    total |= {"lost": 0, "duplicates": 0, "unknown": Counter(), "states": Counter(), "suppressions": 0}
    total |= {"seconds": 0.0, "seed": options.seed, "violations": []}
    from tests.crash import storm  # not before the environment is there

    for number in range(options.runs):
        result = storm.play(
            database, broker, home, seed=options.seed + number, messages=options.messages, kills=options.kills
        )
        add(total, result)
        if not options.json and options.runs > 1:
            print(f"seed {options.seed + number}: {result}", file=sys.stderr, flush=True)
    return total


def add(total: dict[str, Any], result: dict[str, Any]) -> None:
    total["runs"] += 1
    for name in ("messages", "kills", "lost", "duplicates", "suppressions"):
        total[name] += result[name]
    for name in ("kills_by_kind", "unknown", "states"):
        total[name].update(result[name])
    total["seconds"] = round(total["seconds"] + result["seconds"], 1)
    total["violations"] += [f"seed {result['seed']}: {words}" for words in result["violations"]]


def as_text(total: dict[str, Any]) -> str:
    lines = []
    for name, value in total.items():
        if isinstance(value, dict):
            value = ", ".join(f"{key} {number}" for key, number in value.items()) or "none"
        lines.append(f"{name.replace('_', ' '):<14} {value}")
    return "\n".join(lines)
