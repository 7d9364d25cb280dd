"""A mail server that misbehaves on request and remembers what it accepted, by Message-ID.

What is in `accepted` was answered to as delivered, or kept before the line was cut: the receiver's truth.
"""

import asyncio
import email
import threading
from collections import Counter
from email import policy
from email.message import EmailMessage

# name of the mode -> what the server does; a mode may be set for one recipient, too
MODES = {
    "accept": "takes every mail",
    "away": "hangs up at once",
    "sender": "refuses our sender address",
    "later": "451 to RCPT",
    "never": "550 5.1.1 to RCPT: no such address",
    "full": "452 4.2.2 to RCPT: the mailbox is full",
    "busy": "421 to RCPT, hangs up",
    "hold": "answers RCPT only after `release` other mails were accepted",
    "policy": "554 to the dot",
    "later_dot": "451 to the dot",
    "cut_before_dot": "hangs up after DATA",
    "cut_after_dot": "keeps the mail, hangs up without an answer",
    "lose_after_dot": "drops the mail, hangs up without an answer",
}


class Sink:
    def __init__(self) -> None:
        self.mode = "accept"
        self.mode_for: dict[str, str] = {}
        self.accepted: list[bytes] = []
        self.senders: list[str] = []
        self.connections = 0
        self.most = 1_000  # connections at once
        self.open = 0
        self.release = 0
        self._modes: dict[asyncio.StreamWriter, str] = {}  # of the mail in hand, for each connection
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)

    @property
    def port(self) -> int:
        return self._server.sockets[0].getsockname()[1]

    @property
    def mails(self) -> list[EmailMessage]:
        return [email.message_from_bytes(raw, policy=policy.default) for raw in self.accepted]

    @property
    def copies(self) -> Counter[str]:
        """How often each Message-ID arrived."""
        return Counter(mail["Message-ID"].strip() for mail in self.mails)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._hang_up(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _hang_up(self) -> None:
        """Whoever is still connected is cut off, too."""
        self._server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        try:
            if self.mode != "away" and self.open <= self.most:
                writer.write(b"220 sink\r\n")
                while await self._command(reader, writer):
                    pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open -= 1
            self._modes.pop(writer, None)
            writer.close()

    async def _command(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        line = (await reader.readuntil(b"\n")).decode("ascii", "replace").strip()
        verb = line[:4].upper()
        if verb == "DATA":
            return await self._data(reader, writer)
        if verb == "MAIL":
            self.senders.append(line.partition("<")[2].partition(">")[0])
        if verb == "RCPT":
            mode = self.mode_for.get(line.partition("<")[2].partition(">")[0], self.mode)
            self._modes[writer] = mode
            while mode == "hold" and len(self.accepted) < self.release:
                await asyncio.sleep(0.01)
        writer.write(self._answer(verb, self._modes.get(writer, self.mode)))
        return verb != "QUIT" and not (verb == "RCPT" and mode == "busy")

    def _answer(self, verb: str, mode: str) -> bytes:
        if verb == "MAIL" and self.mode == "sender":
            return b"550 5.7.1 who are you\r\n"
        if verb == "RCPT" and mode == "later":
            return b"451 4.3.0 later\r\n"
        if verb == "RCPT" and mode == "full":
            return b"452 4.2.2 full\r\n"
        if verb == "RCPT" and mode == "busy":
            return b"421 4.7.0 too many\r\n"
        if verb == "RCPT" and mode == "never":
            return b"550 5.1.1 no such user\r\n"
        return {"QUIT": b"221 bye\r\n", "EHLO": b"250 sink\r\n"}.get(verb, b"250 2.0.0 ok\r\n")

    async def _data(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        mode = self._modes.get(writer, self.mode)
        if mode == "cut_before_dot":
            return False
        writer.write(b"354 go on\r\n")
        raw = (await reader.readuntil(b"\r\n.\r\n"))[:-5].replace(b"\r\n..", b"\r\n.")
        if mode in ("accept", "hold", "cut_after_dot"):
            self.accepted.append(raw)
        if mode in ("cut_after_dot", "lose_after_dot"):
            return False
        writer.write(
            {"policy": b"554 5.7.1 no\r\n", "later_dot": b"451 4.3.0 later\r\n"}.get(
                mode, b"250 2.0.0 ok\r\n"
            )
        )
        return True
