"""A mail service as far as Postmark's API is needed; it keeps what it took, and misbehaves on request."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class ApiServer:
    """`mode`: take, hang (keeps the mail, hangs up without an answer), garble, or a status to answer with."""

    def __init__(self) -> None:
        self.mode: str | int = "take"
        self.taken: list[dict[str, Any]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"

    def __enter__(self) -> Self:
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(api: ApiServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            mail = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if api.mode in ("take", "hang", "garble"):
                api.taken.append(mail)
            if api.mode == "hang":
                self.close_connection = True
                return
            status = api.mode if isinstance(api.mode, int) else 200
            answer = {"To": mail["To"], "MessageID": "pm-1", "ErrorCode": 0, "Message": "OK"}
            if status != 200:
                answer = {"ErrorCode": 300, "Message": "no"}
            body = b"<html>" if api.mode == "garble" else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
