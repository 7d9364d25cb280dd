"""A connection that is over when its time is up, however slowly the other side drips.

A socket's own limit holds for one read, and begins again with each byte. Here every step gets what is left of one
deadline, and no more is read than anybody needs.
"""

from __future__ import annotations

import io
import queue
import socket
import threading
import time
from typing import Any

ALL_THAT_IS_READ = 65_536  # bytes, headers and answer together


class Deadline:
    """One span of time for a whole call."""

    def __init__(self, seconds: float) -> None:
        self.ends = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds. Raises TimeoutError when there are none."""
        seconds = self.ends - time.monotonic()
        if seconds <= 0:
            raise TimeoutError("The time for this call is up.")
        return seconds


class Line(io.RawIOBase):
    """What http.client takes for a socket: it sends, and is read, under a deadline."""

    def __init__(self, connected: socket.socket, deadline: Deadline) -> None:
        self.connected, self.deadline, self.room = connected, deadline, ALL_THAT_IS_READ

    def sendall(self, data: bytes) -> None:
        self.connected.settimeout(self.deadline.left())
        self.connected.sendall(data)

    def makefile(self, *_mode: Any) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self.room:
            raise OSError("The answer is too long.")
        self.connected.settimeout(self.deadline.left())
        count = self.connected.recv_into(memoryview(buffer)[: self.room])
        self.room -= count
        return count

    def close(self) -> None:
        """http.client lets go of its socket before the answer is read."""

    def hang_up(self) -> None:
        self.connected.close()


def look_up(host: str, port: int, deadline: Deadline) -> list[str]:
    """The addresses of a name. The system's resolver knows no limit, so it is waited for from beside it."""
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_ask, args=(host, port, answers), daemon=True).start()
    try:
        found = answers.get(timeout=deadline.left())
    except queue.Empty:
        raise TimeoutError("Nobody said in time which address that is.") from None
    if isinstance(found, Exception):
        raise found
    return [str(entry[4][0]).partition("%")[0] for entry in found]


def _ask(host: str, port: int, answers: queue.SimpleQueue[Any]) -> None:
    try:
        answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError) as error:
        answers.put(error)
