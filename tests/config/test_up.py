"""`manage.py up` in a copy of the checkout, with real processes and real kills."""

import http.client
import json
import os
import shutil
import signal
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from config.embedded.paths import ROOT
from config.embedded.process import command_line, is_alive, wait_until

pytestmark = pytest.mark.slow

READY_SECONDS = 240  # a busy machine creating all tables from nothing
FIRST_PORT = 18_600
GIVEN_FROM_OUTSIDE = {"DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "EMAIL_URL", "DJANGO_SETTINGS_MODULE"}


class Tandem:
    """One life of `up`."""

    def __init__(self, checkout: Path) -> None:
        self.checkout = checkout
        self.output = checkout / "output.txt"
        with self.output.open("w") as output:
            command = [sys.executable, "manage.py", "up", "--no-demo", "--port", str(FIRST_PORT)]
            self.process = subprocess.Popen(
                command,
                cwd=checkout,
                env=environment(),
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
            )

    @property
    def said(self) -> str:
        return self.output.read_text()

    @property
    def run(self) -> dict:
        return json.loads((self.checkout / ".local" / "run.json").read_text())

    def wait_until_ready(self) -> None:
        wait_until(lambda: "READY" in self.said or self.process.poll() is not None, seconds=READY_SECONDS)
        assert "READY http://127.0.0.1:" in self.said, self.said

    def is_healthy(self) -> bool:
        connection = http.client.HTTPConnection(urlsplit(self.run["url"]).netloc, timeout=5)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def child(self, words: str) -> int:
        """The pid of the direct child whose command line holds `words`."""
        return next(pid for pid in children(self.process.pid) if words in command_line(pid))

    def has_child(self, words: str) -> bool:
        return any(words in command_line(pid) for pid in children(self.process.pid))

    def family(self) -> list[int]:
        return descendants(self.process.pid)


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in GIVEN_FROM_OUTSIDE}
    return {name: value for name, value in kept.items() if not name.startswith(("TANDEM_", "PYTEST_"))}


def children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def descendants(pid: int) -> list[int]:
    return [pid, *(each for child in children(pid) for each in descendants(child))]


def manage(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(
        command, cwd=checkout, env=environment(), capture_output=True, text=True, timeout=300
    )


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("up") / "tandem"
    ignored = shutil.ignore_patterns(".git", ".venv*", ".local", "__pycache__", ".*_cache", "node_modules")
    shutil.copytree(ROOT, copy, ignore=ignored, symlinks=True)
    (copy / ".venv").symlink_to(Path(sys.prefix))
    return copy


def start(checkout: Path) -> Iterator[Tandem]:
    started = Tandem(checkout)
    try:
        started.wait_until_ready()
        yield started
    finally:
        if started.process.poll() is None:
            started.process.terminate()
            started.process.wait(60)


tandem = pytest.fixture(start)
tandem_of_class = pytest.fixture(start, scope="class", name="tandem_of_class")


def test_a_command_on_an_untouched_checkout_has_a_database_with_tables(checkout: Path):
    count = "from accounts.models import User; print(User.objects.count())"

    done = manage(checkout, "shell", "--verbosity", "0", "-c", count)

    assert done.stdout.strip() == "0", done.stderr
    assert not (checkout / ".local" / "run.json").exists()


class TestWhileItRuns:
    """One life for all of these: they only look, or break what heals."""

    def test_a_second_start_says_where_the_first_one_is(self, tandem_of_class: Tandem):
        second = manage(tandem_of_class.checkout, "up")

        assert second.returncode == 1
        run = tandem_of_class.run
        assert f"already running at {run['url']} (pid {run['pid']})" in second.stdout
        assert tandem_of_class.is_healthy()

    def test_other_commands_find_the_running_servers(self, tandem_of_class: Tandem):
        done = manage(tandem_of_class.checkout, "migrate", "--check")

        assert done.returncode == 0, done.stderr

    def test_mail_to_anybody_lands_in_the_folder(self, tandem_of_class: Tandem):
        server = urlsplit(tandem_of_class.run["env"]["EMAIL_URL"])
        with smtplib.SMTP(server.hostname, server.port, timeout=20) as client:
            client.sendmail("a@example.org", ["b@example.org"], b"Subject: Hello\r\n\r\nText\r\n")

        assert len(list((tandem_of_class.checkout / ".local" / "mail").glob("*.eml"))) == 1

    @pytest.mark.parametrize(
        ("words", "name"),
        [
            ("/postgres -D", "PostgreSQL"),
            ("valkey", "Valkey"),
            ("gunicorn", "web"),
            ("--hostname worker@", "worker"),
            ("--hostname bulk@", "bulk"),
            ("config beat", "beat"),
            ("embedded/mailbox.py", "mail"),
        ],
    )
    def test_a_killed_part_is_started_again(self, tandem_of_class: Tandem, words: str, name: str):
        tandem = tandem_of_class
        os.kill(tandem.child(words), signal.SIGKILL)

        assert wait_until(lambda: f"{name} stopped (SIGKILL)" in tandem.said, seconds=20), tandem.said
        assert wait_until(lambda: tandem.has_child(words), seconds=30), tandem.said
        assert wait_until(tandem.is_healthy, seconds=60, every=0.2), tandem.said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop_it_stops_within_five_seconds_and_leaves_nothing(tandem: Tandem, number: int):
    family = tandem.family()

    tandem.process.send_signal(number)

    assert tandem.process.wait(5) == 0
    assert [pid for pid in family if is_alive(pid)] == []
    assert not (tandem.checkout / ".local" / "run.json").exists()


def test_killed_itself_it_leaves_nothing_and_starts_again(tandem: Tandem):
    family = tandem.family()

    tandem.process.kill()
    tandem.process.wait()

    assert wait_until(lambda: not any(map(is_alive, family)), seconds=20)
    assert list(start(tandem.checkout))
