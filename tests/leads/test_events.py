"""A bell that does not ring fails nobody: what it would have told is in the rows."""

from dataclasses import dataclass
from typing import Any

import pytest

from leads.events import publish


@dataclass(frozen=True)
class Unspeakable:
    what: object


@pytest.mark.django_db
def test_a_bell_that_cannot_be_rung_does_not_fail_its_caller(
    settings: Any, django_capture_on_commit_callbacks: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REACTIONS = {"tests.Unspeakable": ["leads.tasks.sweep_imports"]}

    with django_capture_on_commit_callbacks(execute=True):
        publish(Unspeakable(object()))  # no broker takes that

    assert "publish.<locals>.ring" in caplog.text
