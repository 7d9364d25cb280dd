"""What dies is started again; what cannot live is given up; nothing is left behind."""

import os
import sys
from pathlib import Path

import pytest

from config.embedded import supervisor as module
from config.embedded.logs import Log
from config.embedded.process import is_alive, spawn, wait_until
from config.embedded.supervisor import GivenUp, Supervisor

SLEEPER = [sys.executable, "-c", "import time; print('awake', flush=True); time.sleep(600)"]
PARENT_OF_A_SLEEPER = [
    sys.executable,
    "-c",
    "import subprocess, time; print(subprocess.Popen(['sleep', '600']).pid, flush=True); time.sleep(600)",
]


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def keeper(tmp_path, said):
    supervisor = Supervisor(tmp_path / "logs", said.append)
    yield supervisor
    supervisor.stop_all(seconds=5)


def watch_until(supervisor: Supervisor, condition) -> bool:
    def condition_after_a_tick() -> bool:
        supervisor.watch()
        return condition()

    return wait_until(condition_after_a_tick, seconds=30, every=0)


def log_of(supervisor: Supervisor, name: str) -> str:
    return (supervisor.log_dir / f"{name}.log").read_text()


def test_a_killed_process_is_started_again_and_it_is_said(keeper, said):
    keeper.add("web", SLEEPER)
    first = keeper.services[0].process
    first.kill()

    assert watch_until(keeper, lambda: keeper.services[0].process.pid != first.pid)
    assert said == ["web stopped (SIGKILL); starting it again in 0.2 s"]


def test_a_process_that_cannot_live_is_given_up_with_a_word_on_its_log(keeper, monkeypatch):
    monkeypatch.setattr(module, "LONGEST_PAUSE_SECONDS", 0.01)
    keeper.add("web", [sys.executable, "-c", "raise SystemExit('no settings')"])

    with pytest.raises(GivenUp, match=r"web .*web\.log"):
        watch_until(keeper, lambda: False)

    assert "no settings" in log_of(keeper, "web")


def test_children_of_a_killed_master_do_not_keep_its_place(keeper):
    keeper.add("web", PARENT_OF_A_SLEEPER)
    assert watch_until(keeper, lambda: log_of(keeper, "web").strip().isdigit())
    orphan = int(log_of(keeper, "web"))

    keeper.services[0].process.kill()

    assert watch_until(keeper, lambda: not is_alive(orphan))


def test_stopping_leaves_no_process_even_of_those_that_will_not_listen(keeper):
    deaf = (
        "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    )
    keeper.add("deaf", [sys.executable, "-c", deaf])
    keeper.add("web", PARENT_OF_A_SLEEPER)
    assert watch_until(keeper, lambda: log_of(keeper, "deaf") and log_of(keeper, "web"))
    pids = [service.process.pid for service in keeper.services] + [int(log_of(keeper, "web"))]

    keeper.stop_all(seconds=0.5)

    assert wait_until(lambda: not any(map(is_alive, pids)), seconds=5)


def test_a_process_dies_with_its_parent_however_the_parent_dies(tmp_path):
    code = "import sys, time; from config.embedded.process import spawn; print(spawn(['sleep', '600']).pid, flush=True)"
    with (tmp_path / "pid").open("w") as output:
        parent = spawn([sys.executable, "-c", f"{code}; time.sleep(600)"], stdout=output)
    assert wait_until(lambda: (tmp_path / "pid").read_text().strip().isdigit(), seconds=20)
    child = int((tmp_path / "pid").read_text())

    parent.kill()
    parent.wait()

    assert wait_until(lambda: not is_alive(child), seconds=5)


def test_a_step_reports_its_exit_code_and_keeps_its_output(keeper):
    exit_code = keeper.run_to_end("migrate", [sys.executable, "-c", "print('half way'); raise SystemExit(3)"])

    assert exit_code == 3
    assert "half way" in log_of(keeper, "migrate")


def test_a_step_of_many_parts_shows_each(keeper, said):
    keeper.run_to_end("load_demo", [sys.executable, "-c", "print('people'); print('a year')"], echo=True)

    assert said == ["  people", "  a year"]


def test_warnings_and_tracebacks_reach_the_console_and_chatter_does_not(tmp_path, said):
    log = Log(tmp_path / "web.log", name="web", say=said.append)

    log.write(b"GET / 200\nERROR no such")
    log.write(b" table\nTraceback (most recent call last):\n  File x\nValueError: 7\nGET / 200\n")

    assert said == [
        "web    | ERROR no such table",
        "web    | Traceback (most recent call last):",
        "web    |   File x",
        "web    | ValueError: 7",
    ]


def test_a_log_stays_bounded(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("config.embedded.logs.KEEP_BYTES", 1000)
    log = Log(tmp_path / "web.log", name="web")

    for _ in range(100):
        log.write(b"x" * 99 + b"\n")

    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 3000
    assert "web.log.1" in os.listdir(tmp_path)
