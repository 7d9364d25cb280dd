"""The web worker: gunicorn's threads, and a door through which long streams leave them.

A thread answers one request at a time, so eight open streams would silence a process. A stream's socket is
therefore taken from gunicorn once its answer begins, and handoff/streams.py writes to it from then on.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

Application = Callable[[dict[str, Any], Callable], Iterable[bytes]]
EVENTS = "text/event-stream"


class Worker(ThreadWorker):
    lets_go = False

    def init_process(self) -> None:
        Worker.lets_go = True  # this process serves, and knows how to let a socket go
        super().init_process()

    def finish_request(self, conn: Any, fs: Any) -> None:
        if conn.sock.fileno() != -1:
            super().finish_request(conn, fs)
        else:  # it has left
            self.nr_conns -= 1


def with_streams(django: Application) -> Application:
    def application(environ: dict[str, Any], start_response: Callable) -> Iterable[bytes]:
        if not _may_leave(environ):
            return django(environ, start_response)
        answer: list[Any] = []
        response = django(environ, lambda *told: answer.extend(told[:2]))
        if not hasattr(response, "leave"):
            start_response(*answer)
            return response
        _hand_over(response, environ["gunicorn.socket"], *answer)
        raise StopIteration  # to gunicorn: nothing to write on this connection any more

    return application


def _may_leave(environ: dict[str, Any]) -> bool:
    plain = type(environ.get("gunicorn.socket")) is socket.socket and environ.get("HTTP_VERSION") != "2"
    return Worker.lets_go and plain and EVENTS in environ.get("HTTP_ACCEPT", "")


def _hand_over(response: Any, taken: socket.socket, status: str, headers: list[tuple[str, str]]) -> None:
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers), "Connection: close"]
    head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
    response.leave(socket.socket(fileno=taken.detach()), head)
    response.close()
