"""A mail server that keeps everything and delivers nothing: every address of a development start ends here.

    python config/embedded/mailbox.py --fd N --directory DIR

Each message becomes one file, written whole or not at all, with the envelope in front as a mail server would note
it at final delivery (`Return-Path`, `Delivered-To`). Only the newest KEEP messages stay. What comes to a return
address is put into a Maildir beside them, too, where the worker that reads returned mails looks.
"""

import argparse
import asyncio
import itertools
import os
import re
import socket
import time
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

KEEP = 1000  # messages
RETURN_ADDRESS = re.compile(r"\+[a-z2-7]{40}@", re.IGNORECASE)
LARGEST = 10 * 1024**2  # bytes

_counter = itertools.count(1)


class Mailbox:
    """aiosmtpd calls `handle_DATA` when the final dot has arrived; its answer is the server's."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.store(envelope.mail_from or "", envelope.rcpt_tos, envelope.original_content or b"")
        self.forget_oldest()
        return "250 Kept"

    def store(self, sender: str, recipients: list[str], content: bytes) -> Path:
        """The file of the message, on disk when this returns; named so that names sort by arrival."""
        notes = [f"Return-Path: <{sender}>", *(f"Delivered-To: {recipient}" for recipient in recipients)]
        name = f"{time.time_ns() // 1000:020d}-{os.getpid()}-{next(_counter)}"
        noted = "".join(f"{note}\r\n" for note in notes).encode() + content
        if any(RETURN_ADDRESS.search(recipient) for recipient in recipients):
            incoming = self.directory / "returned" / "new"
            incoming.mkdir(parents=True, exist_ok=True)
            self._write(incoming / name, noted)
        return self._write(self.directory / f"{name}.eml", noted)

    def _write(self, finished: Path, content: bytes) -> Path:
        unfinished = self.directory / f".{finished.name}.part"
        unfinished.write_bytes(content)
        unfinished.replace(finished)
        return finished

    def forget_oldest(self) -> None:
        for message in sorted(self.directory.glob("*.eml"))[:-KEEP]:
            message.unlink(missing_ok=True)


async def serve(listening: socket.socket, directory: Path) -> None:
    mailbox = Mailbox(directory)

    def protocol() -> SMTP:
        return SMTP(mailbox, hostname="localhost", data_size_limit=LARGEST, enable_SMTPUTF8=True)

    server = await asyncio.get_running_loop().create_server(protocol, sock=listening)
    async with server:
        await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--directory", type=Path, required=True)
    options = parser.parse_args()
    asyncio.run(serve(socket.socket(fileno=options.fd), options.directory))


if __name__ == "__main__":
    main()
