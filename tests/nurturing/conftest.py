"""The mail server that every test here sends to."""

from collections.abc import Iterator

import pytest

from tests.nurturing.sink import Sink


@pytest.fixture
def sink(settings: object) -> Iterator[Sink]:
    server = Sink()
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", server.port, 5
    yield server
    server.stop()
