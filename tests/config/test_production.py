"""A deployment starts safe or not at all."""

import os
import subprocess
import sys

import pytest
import yaml

from config.embedded.paths import ROOT
from config.health import queues

SAFE = {
    "DJANGO_SETTINGS_MODULE": "config.settings.prod",
    "SECRET_KEY": "".join(chr(33 + number * 7 % 90) for number in range(64)),
    "ALLOWED_HOSTS": "tandem.example.com",
    "DATABASE_URL": "postgresql://tandem:secret@db.example:5432/tandem",
    "REDIS_URL": "redis://broker.example:6379/1",
    "PATH": os.environ["PATH"],
    "TANDEM_VENV": "current",
}


def manage(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)


def compose() -> dict:
    return yaml.safe_load((ROOT / "compose.yaml").read_text())


def test_djangos_own_deployment_check_finds_nothing():
    done = manage(SAFE, "check", "--deploy", "--fail-level", "WARNING")

    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


@pytest.mark.parametrize("missing", ["SECRET_KEY", "ALLOWED_HOSTS"])
def test_without_what_makes_it_safe_it_does_not_start(missing):
    done = manage({name: value for name, value in SAFE.items() if name != missing}, "check")

    assert done.returncode != 0
    assert f"Set {missing}" in done.stderr


def test_every_queue_has_a_worker():
    commands = [service.get("command", "") for service in compose()["services"].values()]

    worked = {command.split("--queues ")[1].split()[0] for command in commands if "--queues" in command}

    assert worked == set(queues())


def test_workers_hand_back_their_task_when_they_are_asked_to_stop():
    workers = [service for name, service in compose()["services"].items() if name.startswith("worker-")]

    assert {worker["environment"]["REMAP_SIGTERM"] for worker in workers} == {"SIGQUIT"}


def test_nothing_starts_before_the_tables_are_there():
    services = compose()["services"]
    ours = [services[name] for name in services if name not in {"db", "broker", "migrate"}]

    conditions = {service["depends_on"]["migrate"]["condition"] for service in ours}

    assert conditions == {"service_completed_successfully"}


def test_a_new_installation_has_a_scoring_definition_and_an_old_one_keeps_its_own():
    command = compose()["services"]["migrate"]["command"]

    assert "migrate --no-input && python manage.py publish_default_model" in command


def test_the_example_names_what_a_deployment_must_set():
    lines = (ROOT / "env.example").read_text().splitlines()
    named = {line.partition("=")[0] for line in lines if line and not line.startswith("#")}

    assert {
        "SECRET_KEY",
        "ALLOWED_HOSTS",
        "DATABASE_URL",
        "REDIS_URL",
        "EMAIL_URL",
        "TANDEM_BASE_URL",
    } <= named
