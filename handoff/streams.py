"""The open streams of this process: one thread hears Valkey and writes to all of them.

A stream costs a socket, not a thread (docs/adr/0007). A reader that is too slow, whose session has ended, or who
has listened for AGE is let go; the browser comes back by itself and is asked again who it is.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import orjson
import redis
from django.contrib.sessions.models import Session
from django.db import connections
from django.http import StreamingHttpResponse
from django.utils import timezone

from accounts.models import User
from handoff import live

logger = logging.getLogger(__name__)
BEAT = 15.0  # seconds; below the 30 to 60 after which proxies cut a silent connection
AGE = 15 * 60.0  # seconds
OWN = 8  # streams of one person in one process; the oldest makes room
ALL = 1000  # streams of one process
STARTS_WITHIN = 2.0  # seconds
NOBODY_HEARS, FULL = 204, 429  # 204 keeps a browser from asking again by itself
GREETING = b"retry: 3000\n\n"


class Refused(Exception):
    """Nobody listens for this page; it asks again later. `status` says why."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(eq=False)
class Seat:
    user_id: int
    session_key: str
    sock: socket.socket | None = None
    since: float = field(default_factory=time.monotonic)
    early: bytes = b""  # said while the answer had not left yet
    turn: threading.Lock = field(default_factory=threading.Lock)

    def send(self, data: bytes) -> bool:
        """False once the reader is gone, or so slow that a message does not fit."""
        with self.turn:
            if self.sock is None:
                self.early += data
                return True
            try:
                return self.sock.send(data) == len(data)
            except OSError:
                return False

    def begin(self, sock: socket.socket, first: bytes) -> None:
        sock.setblocking(False)
        with self.turn:
            sock.send(first + self.early)
            self.sock = sock

    def close(self) -> None:
        if self.sock is not None:
            with contextlib.suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)
            self.sock.close()


class EventStream(StreamingHttpResponse):
    """Either the server lets the socket go (`leave`), or a thread reads for it."""

    def __init__(self, hub: Hub, seat: Seat) -> None:
        super().__init__(_read(hub, seat), content_type="text/event-stream")
        self.hub, self.seat = hub, seat
        self["Cache-Control"], self["X-Accel-Buffering"] = "no-store", "no"

    def leave(self, sock: socket.socket, head: bytes) -> None:
        self.hub.seat_at(self.seat, sock, head + GREETING)


class Hub:
    def __init__(self) -> None:
        self._seats: list[Seat] = []
        self._lock = threading.Lock()
        self._hears = threading.Event()
        self._thread: threading.Thread | None = None

    def take_seat(self, user_id: int, session_key: str) -> Seat:
        """Raises Refused."""
        self._start()
        if not self._hears.wait(STARTS_WITHIN):
            raise Refused(NOBODY_HEARS)
        seat = Seat(user_id, session_key)
        with self._lock:
            own = [other for other in self._seats if other.user_id == user_id]
            if len(self._seats) >= ALL and len(own) < OWN:
                raise Refused(FULL)
            self._seats.append(seat)
        for oldest in own[: max(0, len(own) + 1 - OWN)]:
            self.leave(oldest)  # most likely a page that was left already, and nobody has noticed yet
        return seat

    def seat_at(self, seat: Seat, sock: socket.socket, first: bytes) -> None:
        seat.begin(sock, first)

    def leave(self, seat: Seat) -> None:
        with self._lock:
            self._seats = [other for other in self._seats if other is not seat]
        seat.close()

    def seats(self) -> list[Seat]:
        with self._lock:
            return list(self._seats)

    def hear(self, message: bytes) -> None:
        said = orjson.loads(message)
        users, ended = set(said.get("users", ())), said.get("ended")
        event = b"data: " + orjson.dumps(said.get("data")) + b"\n\n"
        for seat in self.seats():
            gone = live.digest(seat.session_key) == ended
            if gone or (seat.user_id in users and not seat.send(event)):
                self.leave(seat)

    def beat(self) -> None:
        """A sign of life to everybody who may still listen."""
        seats, now = self.seats(), time.monotonic()
        welcome = _sessions_alive(seats)
        for seat in seats:
            stays = seat.session_key in welcome and now - seat.since < AGE
            if not (stays and seat.send(b": \n\n")):
                self.leave(seat)

    def _start(self) -> None:
        """After the fork, with the first stream: most processes of a machine never need it."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="streams", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                self._listen()
            except redis.RedisError as problem:
                self._hears.clear()
                if self.seats():
                    logger.warning("live updates lost: %s", problem)
            except Exception:  # whatever it was, the thread must go on
                self._hears.clear()
                logger.exception("live updates failed")
            for seat in self.seats():
                self.leave(seat)  # the page counts on its own looks until we hear again
            time.sleep(1)

    def _listen(self) -> None:
        with live.connection().pubsub(ignore_subscribe_messages=True) as listener:
            listener.subscribe(live.channel())
            listener.get_message(timeout=live.PATIENCE)  # the answer to subscribe, or an error
            self._hears.set()
            last = time.monotonic()
            while True:
                message = listener.get_message(timeout=1.0)
                if message is not None and message["type"] == "message":
                    self.hear(message["data"])
                if time.monotonic() - last >= BEAT:
                    listener.ping()
                    self.beat()
                    last = time.monotonic()


hub = Hub()


def _read(hub: Hub, seat: Seat) -> Iterator[bytes]:
    """A server that keeps its sockets, such as Django's own, gives the stream a thread."""
    connections.close_all()  # nothing is asked of the database while listening
    ours, theirs = socket.socketpair()
    hub.seat_at(seat, theirs, GREETING)
    try:
        while data := ours.recv(4096):
            yield data
    finally:
        hub.leave(seat)
        ours.close()


def _sessions_alive(seats: list[Seat]) -> set[str]:
    """A database that does not answer ends no stream."""
    if not seats:
        return set()
    keys = {seat.session_key for seat in seats}
    try:
        active = set(User.objects.filter(pk__in={s.user_id for s in seats}, is_active=True).values_list("pk"))
        alive = Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
        found = set(alive.values_list("session_key", flat=True))
    except Exception as problem:
        logger.warning("sessions of live updates not checked: %s", problem)
        return keys
    finally:
        connections.close_all()
    return {seat.session_key for seat in seats if seat.session_key in found and (seat.user_id,) in active}
