"""What the scheduler and the bells send can be sent."""

import pytest

from config.celery import app
from config.schedule import SCHEDULE


def limits(name):
    task = app.tasks[name]
    soft = task.soft_time_limit or app.conf.task_soft_time_limit
    return soft, task.time_limit or app.conf.task_time_limit


def ours():
    app.loader.import_default_modules()
    return sorted(name for name in app.tasks if not name.startswith("celery."))


@pytest.mark.parametrize("name", ours())
def test_a_task_is_asked_to_stop_before_it_is_killed(name):
    soft, hard = limits(name)

    assert soft < hard  # a task that breaks this is refused when it is sent, and then never runs


def test_every_scheduled_task_exists():
    assert {entry["task"] for entry in SCHEDULE.values()} <= set(ours())
