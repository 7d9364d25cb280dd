"""Early pytest plugin: the embedded servers are up before pytest-django reads the settings.

A run takes the first free slot under `.local/test/`, so several runs of one checkout do not meet.
The slot keeps its data, and in it a migrated database: later runs, and the processes of one run,
copy that instead of migrating. DATABASE_URL or REDIS_URL given from outside are used as they are.
"""

import fcntl
import os
import shutil
from pathlib import Path
from typing import IO

import pytest
from pytest_django.plugin import blocking_manager_key

from config.embedded import schema
from config.embedded.paths import LOCAL
from config.embedded.postgres import Postgres, ServerFailed
from config.embedded.valkey import Valkey

SLOTS = 16
OUR_TEMPLATES = "SELECT datname FROM pg_database WHERE datname LIKE 'template\\_%'"

_running: list[Postgres | Valkey] = []
_slot: list[IO[str]] = []  # the open lock of our slot; closing it gives the slot back


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # Playwright keeps an event loop in the thread
    os.environ.setdefault("NUMBA_CACHE_DIR", str(LOCAL / "numba"))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker:
        use_own_valkey_databases(int(worker.removeprefix("gw")) + 1)
        return
    home = take_slot(LOCAL / "test")
    if not os.environ.get("DATABASE_URL"):
        os.environ["DATABASE_URL"] = start_postgres(home).url
        os.environ["TANDEM_TEST_HOME"] = str(home)
    if not os.environ.get("REDIS_URL"):
        os.environ["TANDEM_TEST_VALKEY"] = str(start_valkey(home).socket)
        use_own_valkey_databases(0)


def pytest_configure(config: pytest.Config) -> None:
    """Our fixtures come after those of installed plugins, because the last of one name wins."""
    for module in ("tests.api", "tests.browser", "tests.doorbell", "tests.together"):
        config.pluginmanager.import_plugin(module)


def pytest_unconfigure() -> None:
    for server in reversed(_running):
        server.stop()
    _running.clear()
    while _slot:
        _slot.pop().close()


def take_slot(root: Path) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    for number in range(SLOTS):
        lock = (root / f"{number}.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        _slot.append(lock)
        return root / str(number)
    raise pytest.UsageError(f"{SLOTS} test runs are using this checkout already.")


def start_postgres(home: Path) -> Postgres:
    """Test data is disposable: what does not start (it runs without fsync) is thrown away and made again."""
    server = Postgres(home, durable=False)
    _running.append(server)
    try:
        server.start()
    except ServerFailed:
        shutil.rmtree(server.data, ignore_errors=True)
        server.start()
    return server


def start_valkey(home: Path) -> Valkey:
    server = Valkey(home, durable=False)
    _running.append(server)
    server.start()
    return server


def use_own_valkey_databases(number: int) -> None:
    """Processes of one run share a Valkey, each with its own broker (even) and cache (odd) database."""
    socket = os.environ.get("TANDEM_TEST_VALKEY")
    if socket:
        os.environ["REDIS_URL"] = f"unix://{socket}?db={2 * number + 1}"
        os.environ["CELERY_BROKER_URL"] = f"redis+socket://{socket}?virtual_host={2 * number}"


def pytest_sessionstart(session: pytest.Session) -> None:
    """The controller builds the template before xdist starts its processes; they only name it."""
    if not os.environ.get("TANDEM_TEST_HOME"):
        return
    from django.conf import settings

    name = f"template_{schema.digest()}"
    if not os.environ.get("PYTEST_XDIST_WORKER"):
        with session.config.stash[blocking_manager_key].unblock():
            build_template(name)
    for database in settings.DATABASES.values():
        database.setdefault("TEST", {})["TEMPLATE"] = name


def build_template(name: str) -> None:
    """Migrate once into a database of that name, unless it is there. A half-made one never gets the name."""
    server = next(server for server in _running if isinstance(server, Postgres))
    with server.connect("postgres") as admin:
        found = [row[0] for row in admin.execute(OUR_TEMPLATES)]
        if name in found:
            return
        for stale in found:
            admin.execute(f'DROP DATABASE "{stale}"')
        admin.execute(f'CREATE DATABASE "{name}_unfinished"')
        migrate_database(f"{name}_unfinished")
        admin.execute(f'ALTER DATABASE "{name}_unfinished" RENAME TO "{name}"')


def migrate_database(name: str) -> None:
    from django.core.management import call_command
    from django.db import connection

    original = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        call_command("migrate", verbosity=0, interactive=False)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = original


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    failed = os.environ.get("TANDEM_FAILED_CHECKS")
    if failed:
        terminalreporter.section("checks that failed (output above)", red=True)
        terminalreporter.line(failed)
