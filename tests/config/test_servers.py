"""One process runs the embedded servers of a checkout; the others find it, or wait."""

import fcntl
import json
import os

import pytest

from config.embedded import commands
from config.embedded.checks import default_selection
from config.embedded.servers import Busy, Holding, current_run, needed_servers, servers_for


def test_the_holder_tells_the_others_where_its_servers_are(tmp_path):
    holding = Holding(tmp_path, "up")
    holding.publish(env={"DATABASE_URL": "postgresql://x"}, url="http://127.0.0.1:8000")

    run = current_run(tmp_path)

    assert run is not None
    assert (run.pid, run.is_up, run.url) == (os.getpid(), True, "http://127.0.0.1:8000")
    assert run.env == {"DATABASE_URL": "postgresql://x"}
    holding.release()


def test_nobody_else_may_hold_it_meanwhile(tmp_path):
    holding = Holding(tmp_path, "up")

    with pytest.raises(Busy):
        Holding(tmp_path, "migrate")

    holding.release()
    Holding(tmp_path, "migrate").release()


def test_a_note_left_by_a_killed_process_is_not_believed(tmp_path):
    (tmp_path / "servers.lock").touch()
    (tmp_path / "run.json").write_text(json.dumps({"pid": 1, "command": "up", "url": "x", "env": {"A": "b"}}))

    assert current_run(tmp_path) is None


def test_a_command_borrows_the_servers_of_a_running_up(tmp_path, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    holding = Holding(tmp_path, "up")
    holding.publish(env={"DATABASE_URL": "postgresql://borrowed", "TANDEM_BASE_URL": "http://127.0.0.1:8000"})

    with servers_for("shell", home=tmp_path) as fresh:
        borrowed = os.environ.pop("DATABASE_URL")

    assert (borrowed, fresh) == ("postgresql://borrowed", False)
    os.environ.pop("TANDEM_BASE_URL")
    holding.release()


def test_urls_replace_the_embedded_servers(tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://db.example/tandem")
    monkeypatch.delenv("REDIS_URL")

    assert [server.name for server in needed_servers(tmp_path)] == ["Valkey"]

    monkeypatch.setenv("REDIS_URL", "redis://cache.example/1")
    assert needed_servers(tmp_path) == []


def test_a_command_that_needs_no_database_starts_none(monkeypatch, capsys):
    monkeypatch.setattr(commands, "servers_for", lambda command: pytest.fail(f"{command} started servers"))

    commands.run_django(["manage.py", "version"], "version")

    assert capsys.readouterr().out.strip()


def test_the_lock_is_free_again_when_its_file_is_closed(tmp_path):
    Holding(tmp_path, "up").release()

    with (tmp_path / "servers.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


@pytest.mark.parametrize(
    ("arguments", "added"),
    [
        (["tests/leads"], ["-m", "not slow"]),
        (["-k", "window", "-x"], ["-m", "not slow"]),
        (["tests/config/test_up.py"], []),
        (["-m", "slow"], []),
    ],
)
def test_a_quick_run_leaves_slow_tests_out_unless_they_are_named(arguments, added):
    assert default_selection(arguments) == added
