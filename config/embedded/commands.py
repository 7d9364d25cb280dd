"""What `manage.py` does once it is inside the virtual environment."""

import importlib
import os
import subprocess
import sys
import warnings
from typing import NoReturn

from config.embedded import schema
from config.embedded.paths import LOCAL, ROOT
from config.embedded.servers import servers_for

# Only commands that are certain to leave the database alone; all others get one.
WITHOUT_DATABASE = {
    "help",
    "version",
    "--help",
    "-h",
    "--version",
    "check",
    "classify_bounce",
    "collectstatic",
    "compilemessages",
    "diffsettings",
    "findstatic",
    "makemessages",
    "makemigrations",
    "sla_due",
    "spectacular",
    "startapp",
    "startproject",
}
CHANGING_TABLES = {"migrate", "dbshell", "flush"}


def run(argv: list[str]) -> int:
    """Run one command line (`argv[0]` is the program) and return the exit code."""
    command, arguments = (argv[1] if len(argv) > 1 else "help"), argv[2:]
    os.environ.setdefault("NUMBA_CACHE_DIR", str(LOCAL / "numba"))
    if command == "up":
        from config.embedded.up import up

        leave(up(arguments))
    if command == "test":
        from config.embedded.checks import check_everything

        return check_everything(arguments)
    if command == "crash_test":
        return crash_test(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
    return run_django(argv, command)


def crash_test(arguments: list[str]) -> int:
    """On servers of its own, so it sets up Django itself, once they run. An image comes without tests."""
    try:
        run = importlib.import_module("tests.crash.run")
    except ModuleNotFoundError as missing:
        if not (missing.name or "").startswith("tests"):
            raise
        print("The crash test is not part of this installation; run it in a checkout.", file=sys.stderr)
        return 1
    return run.main(arguments)


def leave(exit_code: int) -> NoReturn:
    """At once: taking the interpreter apart would keep whoever waits for the end up to a second."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(exit_code)


def run_django(argv: list[str], command: str) -> int:
    from django.core.management import execute_from_command_line

    if command in WITHOUT_DATABASE or {"-h", "--help"} & set(argv):
        warnings.filterwarnings("ignore", message="Got an error checking a consistent migration history")
        execute_from_command_line(argv)
        return 0
    with servers_for(command) as empty:
        if command in CHANGING_TABLES:
            schema.forget()
        elif empty:
            migrate_quietly()
        execute_from_command_line(argv)
    return 0


def migrate_quietly() -> None:
    """A command on an untouched checkout finds tables. Its standard output stays the command's own."""
    print("First use of the embedded database: creating its tables …", file=sys.stderr, flush=True)
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0", "--no-input"]
    if subprocess.run(command, cwd=ROOT, stdout=sys.stderr).returncode:
        raise SystemExit("The tables could not be created; the command did not run.")
