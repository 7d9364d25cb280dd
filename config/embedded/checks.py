"""`manage.py test`: every check of the house, then pytest, whose summary is the last line."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from config.embedded.paths import LOCAL, ROOT

TOOLS = Path(sys.executable).parent


@dataclass(frozen=True)
class Outcome:
    name: str
    failed: bool
    output: str
    seconds: float


def check_everything(arguments: list[str]) -> int:
    """With pytest arguments, pytest alone; without, everything CI runs. Returns the exit code."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"
    if arguments:
        return run_pytest([*default_selection(arguments), *arguments])
    failed = [outcome.name for outcome in run_checks() if outcome.failed]
    os.environ["TANDEM_FAILED_CHECKS"] = ", ".join(failed)
    exit_code = run_pytest(["-n", "2"])
    return exit_code or (1 if failed else 0)


def default_selection(arguments: list[str]) -> list[str]:
    """A developer's quick run leaves the slow tests out, unless a file, a test or a marker was named."""
    named = any(argument.startswith(("-m", "--markers")) or ".py" in argument for argument in arguments)
    return [] if named else ["-m", "not slow"]


def run_pytest(arguments: list[str]) -> int:
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.run(command, cwd=ROOT).returncode


def run_checks() -> list[Outcome]:
    """All of them, two at a time; each is reported when it ends, with its output only if it failed."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        outcomes = pool.map(lambda check: run_check(*check), checks().items())
        return [report(outcome) for outcome in outcomes]


def checks() -> dict[str, list[str]]:
    """Name -> command. The longest comes first, so that the others run beside it."""
    ruff, djlint = str(TOOLS / "ruff"), str(TOOLS / "djlint")
    return {
        "mypy": [str(TOOLS / "mypy"), "--no-error-summary", "."],
        "ruff check": [ruff, "check", "."],
        "ruff format": [ruff, "format", "--check", "."],
        "import-linter": [str(TOOLS / "lint-imports"), "--cache-dir", str(LOCAL / "import-linter")],
        "djlint lint": [djlint, "--lint", "--quiet", "templates"],
        "migrations": [sys.executable, "-W", "ignore", "manage.py", "makemigrations", "--check", "--dry-run"],
    }


def run_check(name: str, command: list[str]) -> Outcome:
    started = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return Outcome(name, done.returncode != 0, done.stdout + done.stderr, time.monotonic() - started)


def report(outcome: Outcome) -> Outcome:
    verdict = "FAILED" if outcome.failed else "ok"
    print(f"{outcome.name:14} {verdict} ({outcome.seconds:.1f} s)", flush=True)
    if outcome.failed:
        print(outcome.output.rstrip(), flush=True)
    return outcome
