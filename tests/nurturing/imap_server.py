"""A mailbox as far as RFC 3501 is needed: log in, look for the unread, read, mark. Hangs up when told to."""

import re
import socketserver
import threading
from typing import Any, Self


class ImapServer:
    def __init__(self, mails: list[bytes], hang_up_after: int = 0) -> None:
        """`hang_up_after`: so many mails read, the next asked for cuts the line; 0 is never."""
        self.mails, self.hang_up_after, self.seen = mails, hang_up_after, set[int]()
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"imap://bounces:p%40ss@127.0.0.1:{self._server.server_address[1]}/INBOX"

    def __enter__(self) -> Self:
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, command: str) -> bytes | None:
        """What comes before the tagged OK; None hangs up."""
        if command.startswith("CAPABILITY"):
            return b"* CAPABILITY IMAP4rev1\r\n"
        if command.startswith("SELECT"):
            return b"* %d EXISTS\r\n" % len(self.mails)
        if command.startswith("UID SEARCH"):
            unread = [str(uid) for uid in range(1, len(self.mails) + 1) if uid not in self.seen]
            return f"* SEARCH {' '.join(unread)}\r\n".encode()
        if command.startswith("UID FETCH"):
            return self._fetched(int(command.split()[2]))
        if command.startswith("UID STORE"):
            self.seen.add(int(command.split()[2]))
        return b""

    def _fetched(self, uid: int) -> bytes | None:
        if self.hang_up_after and uid > self.hang_up_after:
            return None
        raw = self.mails[uid - 1]
        return b"* %d FETCH (UID %d BODY[]<0> {%d}\r\n%s)\r\n" % (uid, uid, len(raw), raw)


def _handler(box: ImapServer) -> type[socketserver.StreamRequestHandler]:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"* OK ready\r\n")
            for line in self.rfile:
                tag, _, command = line.decode().strip().partition(" ")
                allowed = not command.startswith("LOGIN") or re.fullmatch(r'LOGIN bounces "p@ss"', command)
                said = box.answer(command)
                if said is None:
                    return
                self.wfile.write(said + f"{tag} {'OK' if allowed else 'NO'} done\r\n".encode())
                if command == "LOGOUT":
                    return

    return Handler
