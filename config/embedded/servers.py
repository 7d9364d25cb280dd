"""Who runs the embedded servers of this checkout, and how everybody else finds them.

One process at a time holds the lock: `up` for as long as it lives, or a single command for its own duration.
The holder writes `.local/run.json`; the lock, not the file, says whether what stands there is still true.
"""

import contextlib
import fcntl
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

from config.embedded.paths import LOCAL
from config.embedded.postgres import Postgres
from config.embedded.valkey import Valkey

WAIT_SECONDS = 600.0  # for the lock: another command may be importing a large file


@dataclass
class Run:
    """What the holder of the lock tells the others. `env` is empty until its servers answer."""

    pid: int
    command: str
    url: str = ""
    env: dict[str, str] = field(default_factory=dict)

    @property
    def is_up(self) -> bool:
        return self.command == "up"


class Busy(Exception):
    """Somebody else runs the servers of this checkout."""


class Holding:
    """The lock, held until `release` or the end of the process, whatever end that is."""

    def __init__(self, home: Path, command: str) -> None:
        """Raises Busy if it is taken."""
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        self.run = Run(pid=os.getpid(), command=command)
        self._file = (home / "servers.lock").open("w")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise Busy from None
        self.publish()

    def publish(self, *, env: dict[str, str] | None = None, url: str = "") -> None:
        self.run.env = env or self.run.env
        self.run.url = url or self.run.url
        unfinished = self.home / "run.json.new"
        unfinished.write_text(json.dumps(asdict(self.run)))
        unfinished.replace(self.home / "run.json")

    def release(self) -> None:
        (self.home / "run.json").unlink(missing_ok=True)
        self._file.close()


def current_run(home: Path = LOCAL) -> Run | None:
    """What runs on this checkout's embedded servers now; None if nothing does."""
    try:
        with (home / "servers.lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return None  # nobody holds it, so run.json, if there is one, was left by a kill
    except FileNotFoundError:
        return None
    except BlockingIOError:
        pass
    with contextlib.suppress(FileNotFoundError, ValueError, TypeError):
        return Run(**json.loads((home / "run.json").read_text()))
    return Run(pid=0, command="starting")


def needed_servers(home: Path, *, durable: bool = True) -> list[Postgres | Valkey]:
    """The servers no URL replaces."""
    servers: list[Postgres | Valkey] = []
    if not os.environ.get("DATABASE_URL"):
        servers.append(Postgres(home, durable=durable))
    if not os.environ.get("REDIS_URL"):
        servers.append(Valkey(home, durable=durable))
    return servers


def environment_of(servers: list[Postgres | Valkey]) -> dict[str, str]:
    variables = {"PostgreSQL": "DATABASE_URL", "Valkey": "REDIS_URL"}
    return {variables[server.name]: server.url for server in servers}


@contextlib.contextmanager
def servers_for(command: str, *, home: Path = LOCAL) -> Iterator[bool]:
    """Let `command` reach a database: the one given, the one `up` runs, or one for its own duration.

    Sets DATABASE_URL and REDIS_URL. Yields whether its tables still have to be made.
    """
    if os.environ.get("DATABASE_URL"):
        yield False
        return
    holding = _hold_or_borrow(home, command)
    if holding is None:
        yield False
        return
    servers = needed_servers(home)
    try:
        with running(servers):
            os.environ.update(environment_of(servers))
            yield any(isinstance(server, Postgres) and server.has_no_tables() for server in servers)
    finally:
        holding.release()


@contextlib.contextmanager
def running(servers: list[Postgres | Valkey]) -> Iterator[None]:
    try:
        for server in servers:
            server.start()
        yield
    finally:
        for server in reversed(servers):
            server.stop()


def _hold_or_borrow(home: Path, command: str) -> Holding | None:
    """The lock, or None once the environment points at the servers of a running `up`."""
    deadline = time.monotonic() + WAIT_SECONDS
    told = False
    while time.monotonic() < deadline:
        with contextlib.suppress(Busy):
            return Holding(home, command)
        run = current_run(home)
        if run and run.is_up and run.env:
            os.environ.update({name: value for name, value in run.env.items() if name not in os.environ})
            return None
        if run and not told:
            told = True
            _say(f"Waiting for `manage.py {run.command}` (pid {run.pid}), which uses the embedded database …")
        time.sleep(0.1)
    raise SystemExit("The embedded database stayed busy. Nothing was done; start again when it is free.")


def _say(text: str, stream: IO[str] | None = None) -> None:
    print(text, file=stream or sys.stderr, flush=True)
