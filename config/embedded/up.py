"""`manage.py up`: everything Tandem needs on this machine, started, watched, and stopped together."""

import argparse
import contextlib
import http.client
import json
import os
import signal
import socket
import sys
import time
from typing import Any

from config.embedded import schema
from config.embedded.console import Console
from config.embedded.logs import tail
from config.embedded.paths import LOCAL, ROOT
from config.embedded.postgres import Postgres
from config.embedded.servers import (
    Busy,
    Holding,
    current_run,
    environment_of,
    needed_servers,
)
from config.embedded.supervisor import GivenUp, Supervisor

PORTS_TRIED = 100
READY_SECONDS = 180.0  # a cold laptop compiling the scoring kernel for the first time
ASK_SECONDS = 0.25
GRACE_SECONDS = 1.8  # for web, workers and beat; every task may run twice, so cutting one off costs only time
# name -> queues, processes. A wave of mails, a webhook that drips or a long import must not keep a hot lead waiting.
QUEUES = {"worker": ("handoff,scoring", 2), "nurture": ("nurture,news", 2), "bulk": ("bulk", 1)}
WARM_KERNEL = "from scoring import batch; batch.warm()"


class StepFailed(Exception):
    """One step of the start did not work; the message is for the person at the terminal."""


class Stopped(Exception):
    """Ctrl-C or SIGTERM arrived while starting."""


def up(arguments: list[str]) -> int:
    """Run until asked to stop. Returns the exit code: 0 stopped, 1 already running or failed."""
    parser = argparse.ArgumentParser(prog="manage.py up", description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="the first port to try (8000)")
    parser.add_argument("--no-demo", action="store_true", help="leave a new database empty")
    options = parser.parse_args(arguments)
    holding = hold_checkout()
    if holding is None:
        return 1
    try:
        return Start(holding, first_port=options.port, demo=not options.no_demo).run()
    finally:
        holding.release()


def hold_checkout() -> Holding | None:
    """The checkout's lock; None, and said so, if Tandem already runs. A lone command is waited for."""
    told = False
    while True:
        with contextlib.suppress(Busy):
            return Holding(LOCAL, "up")
        run = current_run()
        if run and run.is_up:
            where = f"at {run.url}" if run.url else "and still starting"
            print(f"Tandem is already running {where} (pid {run.pid}).")
            return None
        if run and not told:
            told = True
            print(f"Waiting for `manage.py {run.command}` (pid {run.pid}) to finish …")
        time.sleep(0.2)


class Start:
    """One life of `up`: start in order, say READY, watch, stop in reverse."""

    def __init__(self, holding: Holding, *, first_port: int, demo: bool) -> None:
        self.holding, self.demo, self.console = holding, demo, Console()
        self.servers = needed_servers(LOCAL)
        self.supervisor = Supervisor(LOCAL / "logs", self.console.say)
        self.listening = listen(first_port)
        self.mail_socket = listen(0)
        self.url = f"http://127.0.0.1:{self.listening.getsockname()[1]}"

    def run(self) -> int:
        self.supervisor.stop_on_signals()
        exit_code = 0
        try:
            self.start()
            while not self.supervisor.stopping:
                self.supervisor.watch()
        except Stopped:
            pass
        except (GivenUp, StepFailed, SystemExit) as problem:
            self.console.say(str(problem))
            exit_code = 1
        finally:
            self.stop()
        return exit_code

    def start(self) -> None:
        self.start_servers()
        os.environ.update(self.environment())
        fresh = self.is_fresh_database()
        self.prepare_database(fresh)
        self.start_processes()
        self.wait_until_ready()
        self.begin_checkpoint()
        self.holding.publish(env=self.environment(), url=self.url)
        self.console.say(f"READY {self.url}")
        self.show_logins()

    def start_servers(self) -> None:
        for server in self.servers:
            with self.console.step(f"Starting {server.name}"):
                server.start()
            self.supervisor.adopt(server.name, server)
            self.stop_if_asked()

    def environment(self) -> dict[str, str]:
        """What differs from a deployment; a variable the person set wins."""
        mail_port = self.mail_socket.getsockname()[1]
        own = {
            "DJANGO_SETTINGS_MODULE": "config.settings.dev",
            "EMAIL_URL": f"smtp://127.0.0.1:{mail_port}",
            "TANDEM_BASE_URL": self.url,
            "PYTHONUNBUFFERED": "1",
            "REMAP_SIGTERM": "SIGQUIT",  # a worker hands back what it has in hand instead of finishing it
        }
        given = {name: os.environ[name] for name in own if name in os.environ}
        return own | environment_of(self.servers) | given

    def is_fresh_database(self) -> bool:
        """Whether nobody has an account yet: only then is demo data welcome."""
        import psycopg

        with psycopg.connect(os.environ["DATABASE_URL"], connect_timeout=10) as connection:
            table = connection.execute("SELECT to_regclass('accounts_user')").fetchone()
            if table is None or table[0] is None:
                return True
            return connection.execute("SELECT 1 FROM accounts_user LIMIT 1").fetchone() is None

    def prepare_database(self, fresh: bool) -> None:
        embedded = any(isinstance(server, Postgres) for server in self.servers)
        if fresh or not embedded or not schema.is_noted():
            self.manage("Creating tables" if fresh else "Checking tables", "migrate", "--no-input")
            schema.note()
        if not any((LOCAL / "numba").glob("**/*.nbi")):
            self.run_step("Compiling the scoring kernel", "kernel", [sys.executable, "-c", WARM_KERNEL])
        if fresh:
            self.manage("Publishing the usual definition of a qualified lead", "publish_default_model")
        if fresh and self.demo:
            self.manage("Loading demo data", "load_demo", echo=True)

    def manage(self, title: str, *arguments: str, echo: bool = False) -> None:
        self.run_step(title, arguments[0], [sys.executable, "manage.py", *arguments], echo=echo)

    def run_step(self, title: str, name: str, command: list[str], *, echo: bool = False) -> None:
        with self.console.step(title):
            exit_code = self.supervisor.run_to_end(name, command, echo=echo, cwd=ROOT)
            self.stop_if_asked()
            if exit_code:
                log = LOCAL / "logs" / f"{name}.log"
                raise StepFailed(f"{title} failed; nothing is running. From {log}:\n{tail(log)}")

    def start_processes(self) -> None:
        self.add_listening("mail", self.mail_socket, mail_command(self.mail_socket))
        self.add_listening("web", self.listening, web_command(self.listening))
        for name, (queues, processes) in QUEUES.items():
            command = worker_command(name, queues, processes)
            self.supervisor.add(name, command, cwd=ROOT, on_our_death=signal.SIGKILL)
        beat = celery("beat", "--pidfile", "")
        self.supervisor.add("beat", beat, cwd=ROOT, on_our_death=signal.SIGKILL)

    def add_listening(self, name: str, listening: socket.socket, command: list[str]) -> None:
        """The socket stays ours: while the process restarts, clients wait instead of being refused."""
        self.supervisor.add(name, command, cwd=ROOT, pass_fds=[listening.fileno()])

    def wait_until_ready(self) -> None:
        deadline, missing, asked_again = time.monotonic() + READY_SECONDS, "the web process", 0.0
        with self.console.step("Starting web, workers and beat"):
            while missing:
                if time.monotonic() > deadline:
                    raise StepFailed(
                        f"Not ready after {READY_SECONDS:.0f} s; missing: {missing}. See {LOCAL / 'logs'}"
                    )
                self.supervisor.watch()
                self.stop_if_asked()
                if time.monotonic() >= asked_again:
                    missing, asked_again = what_is_missing(self.url), time.monotonic() + ASK_SECONDS

    def show_logins(self) -> None:
        logins = LOCAL / "demo-logins.txt"
        if logins.exists():
            self.console.say(logins.read_text().rstrip())
        elif self.is_fresh_database():
            self.console.say("Nobody has an account yet. Make the first: python3 manage.py createsuperuser")

    def stop_if_asked(self) -> None:
        if self.supervisor.stopping:
            raise Stopped

    def begin_checkpoint(self) -> None:
        """What stands on the disk already need not be written while somebody waits for the end."""
        for server in self.servers:
            server.begin_checkpoint()

    def stop(self) -> None:
        with self.console.step("Stopping"):
            self.begin_checkpoint()
            self.supervisor.stop_all(seconds=GRACE_SECONDS)
            for server in self.servers:
                server.ask_to_stop()
            for server in self.servers:
                server.stop()


def listen(first_port: int) -> socket.socket:
    """A listening socket on this machine only, at the first free port from `first_port` (0: any)."""
    for port in range(first_port, first_port + PORTS_TRIED):
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", port))
            listening.listen(128)
            return listening
        except OSError:
            listening.close()
    raise SystemExit(
        f"No free port from {first_port} to {first_port + PORTS_TRIED - 1}. Choose another with --port."
    )


def web_command(listening: socket.socket) -> list[str]:
    options = [
        "--worker-class",
        "config.web.Worker",
        "--threads",
        "8",
        "--graceful-timeout",
        "2",
        "--no-control-socket",
    ]
    options += ["--access-logfile", "-", "--bind", f"fd://{listening.fileno()}"]
    return [sys.executable, "-m", "gunicorn", "config.wsgi", *options]


def worker_command(name: str, queues: str, processes: int) -> list[str]:
    options = ["--hostname", f"{name}@%h", "--queues", queues, "--concurrency", str(processes)]
    return celery("worker", *options, "--without-gossip", "--without-mingle")


def celery(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "celery", "--app", "config", *arguments, "--loglevel", "INFO"]


def mail_command(listening: socket.socket) -> list[str]:
    options = ["--fd", str(listening.fileno()), "--directory", str(LOCAL / "mail")]
    script = ROOT / "config" / "embedded" / "mailbox.py"  # as a script: no Django, no Celery, there at once
    return [sys.executable, str(script), *options]


def what_is_missing(url: str) -> str:
    """Names of the checks that /healthz does not pass yet; empty when all do."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=2)
    try:
        connection.request("GET", "/healthz")
        response = connection.getresponse()
        body: dict[str, Any] = json.loads(response.read())
    except (OSError, http.client.HTTPException, ValueError):
        return "the web process"
    finally:
        connection.close()
    failing = [name for name, check in body.get("checks", {}).items() if not check["ok"]]
    return "" if response.status == 200 else ", ".join(failing) or "the web process"
