"""Starting a process that cannot outlive us, and stopping one in time."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1
CLONE_NEWUSER = 0x10000000
NOBODY = 65534

_libc = ctypes.CDLL(None, use_errno=True)  # looked up once: after a fork there is no time for it


def spawn(
    command: Sequence[str | Path],
    *,
    on_our_death: int = signal.SIGTERM,
    unprivileged: bool = False,
    **options: Any,
) -> subprocess.Popen:
    """Start `command` in its own session; the kernel sends it `on_our_death` should we die, however we die.

    Call it from the main thread only: the kernel watches the thread that forked, not the process.
    `unprivileged` hides who we are from the program (see `enter_user_namespace`).
    """
    parent = os.getpid()

    def prepare() -> None:
        if unprivileged:
            enter_user_namespace()
        die_with_parent(parent, on_our_death)

    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.Popen(
        [str(part) for part in command], start_new_session=True, preexec_fn=prepare, **options
    )


def die_with_parent(parent: int, death_signal: int) -> None:
    if sys.platform != "linux":
        return
    _libc.prctl(PR_SET_PDEATHSIG, int(death_signal))
    if os.getppid() != parent:  # it died between the fork and the line above
        os._exit(1)


def enter_user_namespace() -> None:
    """Become `nobody` in the eyes of the program, while files stay ours. Raises OSError where forbidden."""
    user, group = os.geteuid(), os.getegid()
    if _libc.unshare(CLONE_NEWUSER):
        raise OSError(ctypes.get_errno(), "user namespaces are not allowed here")
    for file, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{NOBODY} {user} 1"),
        ("gid_map", f"{NOBODY} {group} 1"),
    ):
        Path(f"/proc/self/{file}").write_text(text)


def user_namespaces_work() -> bool:
    try:
        return subprocess.run(["true"], preexec_fn=enter_user_namespace).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False


def is_alive(pid: int) -> bool:
    """A zombie counts as dead: it holds nothing but its number."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False if sys.platform == "linux" else _answers_signal(pid)
    except ProcessLookupError:
        return False
    return state not in {"Z", "X"}


def _answers_signal(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def command_line(pid: int) -> str:
    """The program and its arguments, or "" if it is gone or hidden."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def ask(process: subprocess.Popen | None, *, with_signal: int) -> None:
    """Ask, and wait for nothing."""
    if process is not None and process.poll() is None:
        process.send_signal(with_signal)


def stop(process: subprocess.Popen | None, *, with_signal: int, seconds: float) -> None:
    """Ask; after `seconds` insist. What the process left in its session is killed with it."""
    if process is None:
        return
    if process.poll() is None:
        process.send_signal(with_signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
    kill_session(process.pid)
    process.wait()


def kill_session(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def wait_until(condition: Callable[[], bool], *, seconds: float, every: float = 0.03) -> bool:
    """True as soon as `condition` holds, False if it never did within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True
