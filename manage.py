#!/usr/bin/env python3
"""Django's command line, and Tandem's two commands: `up` runs everything, `test` checks everything.

Whatever the command, the first start on a machine makes `.venv` from the hash-locked requirements and
continues inside it. Up to that point only the standard library is used, in words any Python 3 can read.
TANDEM_VENV=current leaves the environment alone (the container image brings its own).
"""

import fcntl
import hashlib
import os
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = ROOT / "requirements" / "dev.lock"
STAMP = VENV / ".tandem-stamp"
OLDEST_PYTHON = (3, 11)
PIP_INSTALL = ["install", "--disable-pip-version-check", "--no-input", "--progress-bar=off"]
PIP_INSTALL += ["--no-deps", "--require-hashes", "--only-binary", ":all:"]
PIP_INSTALL += ["--no-binary", "dkimpy"]  # the one package without a wheel; it is pure Python


def main():
    if sys.version_info < OLDEST_PYTHON:
        sys.exit(
            "Tandem needs Python {}.{} or newer; this is {}. Try `python3.11 manage.py …`.".format(
                *OLDEST_PYTHON, sys.version.split()[0]
            )
        )
    if os.environ.get("TANDEM_VENV") != "current":
        enter_venv()
    if sys.argv[1:2] in (["up"], ["test"]):  # elsewhere a file is named from where the person stands
        os.chdir(ROOT)
    from config.embedded import commands

    sys.exit(commands.run(sys.argv))


def enter_venv():
    """Make `.venv` match the lock file, then become the same command inside it."""
    if STAMP.exists() and STAMP.read_text() == wanted_stamp():
        pass
    elif VENV.is_symlink():  # another checkout's: use it, but never rebuild it under somebody's feet
        say("The shared .venv was not made from this lock file; carrying on with it.")
    else:
        with open(ROOT / ".venv.lock", "w") as guard:  # two first starts at once: one builds, one waits
            fcntl.flock(guard, fcntl.LOCK_EX)
            if not STAMP.exists() or STAMP.read_text() != wanted_stamp():
                build_venv(guard)
    if Path(sys.prefix).resolve() != VENV.resolve():
        os.execv(str(PYTHON), [str(PYTHON), *sys.argv])


def wanted_stamp():
    return hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()


def build_venv(guard):
    """What it starts holds the lock too: if we are killed, the next start waits for it and does not join in."""
    started = time.monotonic()
    if not venv_is_usable():
        say("Making .venv …")
        command = [sys.executable, "-m", "venv", "--clear", str(VENV)]
        made = subprocess.run(command, capture_output=True, text=True, pass_fds=[guard.fileno()])
        if made.returncode:
            sys.exit(
                f"{made.stdout}{made.stderr}\nThe virtual environment could not be made. On Debian:\n"
                "    apt-get install python3-venv\nThen start again; nothing else was changed."
            )
    install_packages(guard)
    STAMP.write_text(wanted_stamp())
    say(f"Python packages ready ({time.monotonic() - started:.1f} s)")


def venv_is_usable():
    """Same Python, pip there: a changed lock file then installs in place, which takes seconds."""
    if not PYTHON.exists():
        return False
    probe = "import pip, sys; print(sys.version)"
    asked = subprocess.run([str(PYTHON), "-c", probe], capture_output=True, text=True)
    return asked.returncode == 0 and asked.stdout.strip() == sys.version.strip()


def install_packages(guard):
    total = len(re.findall(r"^[\w.\[\]-]+==", LOCK.read_text(), re.MULTILINE))
    say(f"Installing up to {total} Python packages …")
    pip = subprocess.Popen(
        [str(PYTHON), "-m", "pip", *PIP_INSTALL, "-r", str(LOCK)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        pass_fds=[guard.fileno()],
    )
    with pip:
        output = follow_pip(pip.stdout)
    if pip.returncode:
        sys.exit(
            "\n".join(output[-25:]) + "\nThe packages could not be installed. Check the network (pip's own"
            "\nsettings apply), then start again: what was installed so far is kept."
        )


def follow_pip(lines):
    """Say how far pip has come every few seconds; return what it wrote."""
    kept, collected, last_said = [], 0, time.monotonic()
    for line in lines:
        if "is ignored: it is neither a file nor a directory" in line:
            continue
        kept.append(line.rstrip())
        collected += line.startswith("Collecting ")
        if line.startswith("Installing collected packages"):
            say(f"  … {collected} fetched, unpacking them")
        elif time.monotonic() - last_said > 5:
            last_said = time.monotonic()
            say(f"  … {collected} fetched")
    return kept


def say(text):
    """On stderr: a command's standard output belongs to the command alone (`--json`)."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
