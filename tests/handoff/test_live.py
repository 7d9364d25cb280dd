"""Live events: who hears what, and that streams neither hold threads nor outlive a session."""

import os
import socket
import subprocess
import sys
from contextlib import ExitStack, closing

import pytest
import redis
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.test import Client
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.embedded.paths import ROOT
from config.embedded.process import spawn, stop, wait_until
from handoff import live
from handoff.streams import OWN, Hub
from tests.browser import session_cookie
from tests.doorbell import url_of_test_database

pytestmark = pytest.mark.django_db(transaction=True)


class Listener:
    """An EventSource without a browser."""

    def __init__(self, port: int, cookie: str) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=10)
        lines = ["GET /live/ HTTP/1.1", "Host: localhost", "Accept: text/event-stream", f"Cookie: {cookie}"]
        self.sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.heard = b""

    def until(self, words: bytes) -> bytes:
        while words not in self.heard:
            data = self.sock.recv(4096)
            assert data, f"closed after {self.heard!r}"
            self.heard += data
        return self.heard

    def close(self) -> None:
        self.sock.close()

    def is_over(self) -> bool:
        while data := self.sock.recv(4096):
            self.heard += data
        return True


@pytest.fixture
def port(db):
    """A real gunicorn with one process of two threads, on the database of this test."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        number = probe.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", "--worker-class", "config.web.Worker"]
    command += ["--threads", "2", "--no-control-socket", "--bind", f"127.0.0.1:{number}"]
    environment = os.environ | {"DATABASE_URL": url_of_test_database()}
    process = spawn(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert wait_until(lambda: answers(number), seconds=30, every=0.1)
    yield number
    stop(process, with_signal=15, seconds=5)


def answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
            sock.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return b"200 OK" in sock.recv(100)
    except OSError:
        return False


def sign_out(cookie: str) -> None:
    client = Client()
    name, _, value = cookie.partition("=")
    client.cookies[name] = value
    client.post("/accounts/logout/")


def cookie_of(user) -> str:
    cookie = session_cookie(user, "")
    return f"{cookie['name']}={cookie['value']}"


@pytest.fixture
def listen(port):
    with ExitStack() as stack:
        yield lambda cookie: stack.enter_context(closing(Listener(port, cookie)))


def test_streams_hold_no_threads_carry_only_ones_own_and_end_on_signing_out(port, listen, rita, otto):
    cookie = cookie_of(rita)
    streams = [listen(cookie) for _ in range(4)]
    stranger = listen(cookie_of(otto))
    for stream in [*streams, stranger]:
        assert b"text/event-stream" in stream.until(b"retry:")

    live.announce(users=[rita.pk], kind="offered", handoff=7)
    live.announce(users=[otto.pk], kind="offered", handoff=8)

    for stream in streams:
        assert b'data: {"kind":"offered","handoff":7}' in stream.until(b"}\n\n")
    assert b'"handoff":7' not in stranger.until(b'"handoff":8')
    assert answers(port)

    sign_out(cookie)

    assert all(stream.is_over() for stream in streams)
    assert answers(port)


def test_a_stranger_hears_nothing_and_is_not_asked_to_come_back(client):
    assert client.get("/live/").status_code == 204


def test_what_is_said_before_the_answer_has_left_is_not_lost(rita):
    hub, (ours, theirs) = Hub(), socket.socketpair()
    seat = hub.take_seat(rita.pk, "session")

    hub.hear(b'{"users": [%d], "data": {"handoff": 7}}' % rita.pk)
    hub.seat_at(seat, theirs, b"first;")

    assert ours.recv(100) == b'first;data: {"handoff":7}\n\n'
    ours.close()


def test_a_stream_ends_with_its_session_at_the_next_beat(rita):
    hub, (ours, theirs) = Hub(), socket.socketpair()
    key = cookie_of(rita).partition("=")[2]
    hub.seat_at(hub.take_seat(rita.pk, key), theirs, b"first")
    hub.beat()
    assert len(hub.seats()) == 1

    Session.objects.all().delete()
    hub.beat()

    assert hub.seats() == []
    assert ours.recv(100).startswith(b"first")
    ours.close()


def test_one_person_does_not_take_all_the_seats(rita, otto):
    hub = Hub()
    first, *_ = [hub.take_seat(rita.pk, "session") for _ in range(OWN)]

    last = hub.take_seat(rita.pk, "session")
    stranger = hub.take_seat(otto.pk, "session")

    assert len(hub.seats()) == OWN + 1
    assert first not in hub.seats()
    assert {last, stranger} <= set(hub.seats())


def test_without_valkey_the_page_is_told_to_look_for_itself(rita, client_of, monkeypatch):
    nobody = redis.Redis(host="127.0.0.1", port=1, retry=Retry(NoBackoff(), 0))
    monkeypatch.setattr(live, "connection", lambda: nobody)
    monkeypatch.setattr("handoff.views.live.hub", Hub())

    answer = client_of(rita).get("/live/")
    live.announce(users=[rita.pk], kind="offered", handoff=7)

    assert answer.status_code == 204


def test_news_wait_for_the_commit_and_go_to_somebody(rita):
    with transaction.atomic():
        live.announce(users=[], kind="offered", handoff=7)
        live.announce(users=[rita.pk, rita.pk], kind="offered", handoff=7)

        assert len(connection.run_on_commit) == 1
