"""The embedded PostgreSQL survives what happens to laptops."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from config.embedded.postgres import DATABASE, Postgres, ServerFailed, binaries
from config.embedded.process import wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def start(request: pytest.FixtureRequest):
    def started(home: Path) -> Postgres:
        server = Postgres(home)
        request.addfinalizer(server.stop)
        server.start()
        return server

    return started


def write_down(server: Postgres, word: str) -> None:
    with server.connect(DATABASE) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS note (word text)")
        connection.execute("INSERT INTO note VALUES (%s)", [word])


def notes(server: Postgres) -> list[str]:
    with server.connect(DATABASE) as connection:
        return [row[0] for row in connection.execute("SELECT word FROM note")]


def test_what_was_written_is_there_after_a_stop_and_a_start(start, tmp_path):
    server = start(tmp_path)
    write_down(server, "kept")
    server.stop()

    again = start(tmp_path)

    assert notes(again) == ["kept"]


def test_a_killed_server_comes_back_with_its_data(start, tmp_path):
    server = start(tmp_path)
    write_down(server, "kept")
    server.process.kill()
    server.process.wait()

    again = start(tmp_path)

    assert notes(again) == ["kept"]


def test_a_pid_file_whose_number_belongs_to_a_stranger_does_not_stop_the_start(start, tmp_path):
    server = start(tmp_path)
    write_down(server, "kept")
    server.process.kill()
    server.process.wait()
    pid_file = server.data / "postmaster.pid"
    lines = pid_file.read_text().split("\n")
    pid_file.write_text("\n".join([str(os.getppid()), *lines[1:]]))

    again = start(tmp_path)

    assert notes(again) == ["kept"]


def test_a_server_whose_owner_was_killed_stops_and_can_be_started_again(start, tmp_path):
    command = [sys.executable, "-c", OWNER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline().strip() == "started"
        owner.kill()

    again = start(tmp_path)

    assert again.answers()


OWNER = """
import sys, time, pathlib
from config.embedded.postgres import Postgres
server = Postgres(pathlib.Path(sys.argv[1]))
server.start()
print("started", flush=True)
time.sleep(600)
"""


def test_two_checkouts_run_side_by_side(start, tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()

    one, two = start(tmp_path / "one"), start(tmp_path / "two")
    write_down(one, "first")
    write_down(two, "second")

    assert (notes(one), notes(two)) == (["first"], ["second"])


def test_a_deep_checkout_still_has_a_short_socket(start, tmp_path):
    deep = tmp_path / ("a-long-name" * 10) / ("another-long-name" * 5)
    deep.mkdir(parents=True)

    server = start(deep)

    assert server.answers()
    assert len(str(server.socket / ".s.PGSQL.5432")) < 107


def test_a_start_that_fails_says_where_the_log_is(tmp_path):
    server = Postgres(tmp_path)
    server.data.mkdir()
    (server.data / "PG_VERSION").write_text("9.0\n")

    with pytest.raises(ServerFailed, match=r"postgres\.log"):
        server.start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to run PostgreSQL as somebody else")
def test_where_root_may_not_make_namespaces_the_server_runs_as_nobody(start, tmp_path_factory, monkeypatch):
    home = enterable(tmp_path_factory.mktemp("nobody"))
    if not all(path.stat().st_mode & 0o001 for path in [binaries().resolve(), *binaries().resolve().parents]):
        pytest.skip("the packages lie in a directory that the user nobody may not enter")
    monkeypatch.setenv("TANDEM_PG_AS", "nobody")

    server = start(home)
    write_down(server, "kept")
    server.stop()
    monkeypatch.delenv("TANDEM_PG_AS")
    again = start(home)

    assert notes(again) == ["kept"]
    assert server.data.stat().st_uid != 0
    assert wait_until(again.answers, seconds=1)


def enterable(directory: Path) -> Path:
    """pytest's own directories are private to root."""
    for path in [directory, *directory.parents]:
        if path == Path(tempfile.gettempdir()):
            break
        path.chmod(0o711)
    return directory
