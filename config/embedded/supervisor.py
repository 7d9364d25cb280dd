"""Keeps a set of processes running: one thread, no polling threads, restarts with growing pauses.

One thread, because the kernel kills a child when the thread that forked it ends (see `process.spawn`), and
because a fork beside running threads may inherit their locks.
"""

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config.embedded.logs import Log
from config.embedded.process import kill_session, spawn

TICK_SECONDS = 0.1
QUICK_DEATH_SECONDS = 10.0  # a process that lives longer than this starts with a clean record
QUICK_DEATHS_ALLOWED = 8
LONGEST_PAUSE_SECONDS = 5.0


class GivenUp(Exception):
    """A process dies again and again; the message says which, and where its log is."""


@dataclass
class Service:
    """One process that must run. `launch` starts it anew, without waiting."""

    name: str
    launch: Callable[[], subprocess.Popen]
    log_path: Path
    process: subprocess.Popen | None = None
    started_at: float = 0.0  # monotonic seconds, as all times here
    restart_at: float | None = None
    quick_deaths: int = 0

    def start(self) -> None:
        self.process, self.started_at, self.restart_at = self.launch(), time.monotonic(), None

    @property
    def has_died(self) -> bool:
        return self.restart_at is None and self.process is not None and self.process.poll() is not None

    def plan_restart(self) -> float:
        """Seconds until the next try. Raises GivenUp after too many quick deaths in a row."""
        lived = time.monotonic() - self.started_at
        self.quick_deaths = self.quick_deaths + 1 if lived < QUICK_DEATH_SECONDS else 0
        if self.quick_deaths > QUICK_DEATHS_ALLOWED:
            raise GivenUp(f"{self.name} stops again as soon as it is started. Its log: {self.log_path}")
        pause = min(0.1 * 2**self.quick_deaths, LONGEST_PAUSE_SECONDS)
        self.restart_at = time.monotonic() + pause
        return pause


@dataclass
class Supervisor:
    """Call `watch` again and again; it carries logs, notices deaths, restarts. `say` reaches the person."""

    log_dir: Path
    say: Callable[[str], None]
    services: list[Service] = field(default_factory=list)
    stopping: bool = False

    def __post_init__(self) -> None:
        self.log_dir.mkdir(parents=True, exist_ok=True)
        self._selector = selectors.DefaultSelector()

    def stop_on_signals(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask_to_stop)

    def _ask_to_stop(self, *_: object) -> None:
        self.stopping = True

    def add(self, name: str, command: list[str], **options: Any) -> None:
        """Start `command` and keep it running; its output goes to `<name>.log`, warnings to the console too."""
        log = Log(self.log_dir / f"{name}.log", name=name, say=self._pass_on)
        service = Service(name, lambda: self._spawn_logged(command, log, options), log.path)
        service.start()
        self.services.append(service)

    def adopt(self, name: str, server: Any) -> None:
        """Keep a server running that is running already and writes its own log."""
        service = Service(name, server.relaunch, server.log_path, server.process, time.monotonic())
        self.services.append(service)

    def run_to_end(self, name: str, command: list[str], *, echo: bool = False, **options: Any) -> int | None:
        """Run one step while watching everything else. Its exit code, or None if we were asked to stop.

        `echo` passes every line on: a step of many parts shows how far it is.
        """
        log = Log(self.log_dir / f"{name}.log", name=name, say=self.say if echo else None, echo=echo)
        process = self._spawn_logged(command, log, options)
        while process.poll() is None and not self.stopping:
            self.watch()
        if process.poll() is None:
            kill_session(process.pid)
        self._carry_output()
        return None if self.stopping else process.wait()

    def watch(self) -> None:
        """One tick: at most TICK_SECONDS of waiting. Raises GivenUp."""
        self._carry_output(TICK_SECONDS)
        for service in self.services:
            if self.stopping:
                return
            if service.has_died:
                self._bury(service)
            elif service.restart_at is not None and time.monotonic() >= service.restart_at:
                service.start()

    def stop_all(self, *, seconds: float) -> None:
        """Ask all of ours at once, insist after `seconds`. Adopted servers are stopped by their owner."""
        self.stopping = True
        running = [s.process for s in self.services if s.process and s.process.stdout]
        for process in running:
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + seconds
        while any(process.poll() is None for process in running) and time.monotonic() < deadline:
            self._carry_output(TICK_SECONDS)
        for process in running:
            kill_session(process.pid)
            process.wait()
        self._carry_output()

    def _pass_on(self, line: str) -> None:
        if not self.stopping:  # what a process says while it is being stopped worries nobody
            self.say(line)

    def _bury(self, service: Service) -> None:
        assert service.process is not None
        kill_session(service.process.pid)  # a master killed with -9 leaves children on our port
        pause = service.plan_restart()
        self.say(f"{service.name} stopped ({ending(service.process)}); starting it again in {pause:.1f} s")

    def _spawn_logged(self, command: list[str], log: Log, options: dict[str, Any]) -> subprocess.Popen:
        process = spawn(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        self._selector.register(process.stdout, selectors.EVENT_READ, log)
        return process

    def _carry_output(self, seconds: float = 0.0) -> None:
        for key, _ in self._selector.select(seconds):
            chunk = b""
            with contextlib.suppress(BlockingIOError):
                chunk = os.read(key.fd, 1 << 16)
            if chunk:
                key.data.write(chunk)
            else:
                self._selector.unregister(key.fileobj)
                key.data.finish()
                key.fileobj.close()  # type: ignore[union-attr]


def ending(process: subprocess.Popen) -> str:
    """How it ended, in words."""
    code = process.returncode
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name
