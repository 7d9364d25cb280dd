"""A hostile mail server as a process of its own, which writes down what it did and knows nothing of Tandem.

Run     python -m tests.crash.sink LOG REPORTS SEED     prints its port
Log     one JSON line a transaction: {"t": seconds, "key", "to", "did"}; "stored" is the receiver's truth
Reports for mails it stored and was asked about (RFC 3461): delivered to the Maildir REPORTS, as our own server would
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import re
import sys
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

KEY = re.compile(rb"^Message-ID:\s*<([0-9a-f]{32})@", re.MULTILINE | re.IGNORECASE)
SLOW = 0.4  # seconds; still within the client's patience
LATE = 4.0  # beyond it

# what it does -> how often, in thousandths; the rest is taken politely
MISDEEDS = {
    "cut_at_mail": 8,  # 421 in the middle of a session
    "refused_now": 12,  # 451 to RCPT
    "refused": 5,  # 550 to RCPT
    "no_data": 5,  # 451 to DATA
    "cut_in_body": 10,
    "dot_refused_now": 10,  # 451 to the dot
    "dot_refused": 5,  # 554 to the dot
    "lost": 20,  # hangs up after the dot, stores nothing
    "silent": 3,  # stores nothing, says nothing for longer than anybody waits
    "stored_cut": 20,  # stores, hangs up before the answer
    "stored_slow": 10,
    "stored_late": 3,  # answers after the client has gone
    "stored_dripped": 5,  # the answer one byte at a time
    "stored_mumbled": 3,  # an answer that makes no sense
    "bounced_later": 5,  # takes it, hangs up, and reports that it could not deliver
}
REPORT = """From: MAILER-DAEMON@localhost
To: {sender}
Subject: {subject}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

This is the mail system of this machine.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; localhost
Original-Envelope-Id: {envelope_id}

Original-Recipient: rfc822; {to}
Final-Recipient: rfc822; {to}
Action: {action}
Status: {status}

--b--
"""


class Envelope(NamedTuple):
    sender: str
    envelope_id: str
    to: str
    wants_report: bool
    deed: str


class HangUp(Exception):
    pass


class Sink:
    def __init__(self, log: Path, reports: Path, seed: str) -> None:
        self.log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.reports, self.seed = reports, seed
        self.met: Counter[str] = Counter()
        self.written = 0
        self.waiting: set[asyncio.Task[None]] = set()

    def note(self, did: str, envelope: Envelope, key: str = "") -> None:
        line = {"t": time.time(), "key": key or envelope.envelope_id, "to": envelope.to, "did": did}
        os.write(self.log, json.dumps(line).encode() + b"\n")

    def choose(self, to: str) -> random.Random:
        """The same dice for the n-th mail to the same address, whenever it comes."""
        self.met[to] += 1
        return random.Random(f"{self.seed}:{to}:{self.met[to]}")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, HangUp):
            await Session(self, reader, writer).talk()
        writer.close()

    def report(self, envelope: Envelope, dice: random.Random, *, action: str) -> None:
        """Soon, often before the answer has been read; sometimes twice."""
        for _ in range(1 + (dice.random() < 0.05)):
            task = asyncio.ensure_future(self._report(envelope, dice.uniform(0, 0.6), action))
            self.waiting.add(task)
            task.add_done_callback(self.waiting.discard)

    async def _report(self, envelope: Envelope, delay: float, action: str) -> None:
        await asyncio.sleep(delay)
        self.written += 1
        failed = action == "failed"
        words = REPORT.format(
            sender=envelope.sender,
            subject="Undelivered Mail" if failed else "Successful Mail Delivery Report",
            envelope_id=envelope.envelope_id,
            to=envelope.to,
            action=action,
            status="5.1.1" if failed else "2.0.0",
        )
        unfinished = self.reports / "tmp" / f"{self.written:06}"
        unfinished.write_text(words)
        unfinished.rename(self.reports / "new" / unfinished.name)


class Session:
    def __init__(self, sink: Sink, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.sink, self.reader, self.writer = sink, reader, writer
        self.mail_from = ""

    async def talk(self) -> None:
        self.say("220 sink")
        while True:
            line = (await self.reader.readuntil(b"\n")).decode("ascii", "replace").strip()
            verb = line[:4].upper()
            if verb == "MAIL":
                self.mail_from = line
                self.say("250 2.1.0 ok")
            elif verb == "RCPT":
                await self.transaction(line)
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250-sink\r\n250-DSN\r\n250 8BITMIME" if verb == "EHLO" else "250 2.0.0 ok")

    async def transaction(self, rcpt: str) -> None:
        """From RCPT to the answer to the dot."""
        to = rcpt.partition("<")[2].partition(">")[0]
        dice = self.sink.choose(to)
        envelope = self.envelope(to, rcpt, dice)
        deed = envelope.deed
        if deed in ("cut_at_mail", "refused_now", "refused"):
            self.sink.note(deed, envelope)
            answers = {"cut_at_mail": "421 4.3.2 bye", "refused_now": "451 4.3.0 later"}
            self.say(answers.get(deed, "550 5.1.1 no such user"))
            if deed == "cut_at_mail":
                raise HangUp
            return
        self.say("250 2.1.5 ok")
        if (await self.reader.readuntil(b"\n"))[:4].upper() != b"DATA":
            self.say("250 2.0.0 ok")  # RSET: the client gave up
            return
        await self.data(envelope, dice)

    def envelope(self, to: str, rcpt: str, dice: random.Random) -> Envelope:
        found = re.search(r"ENVID=(\S+)", self.mail_from)
        deeds, weights = zip(*MISDEEDS.items(), strict=True)
        deed = dice.choices([*deeds, "stored"], [*weights, 1000 - sum(weights)])[0]
        sender = self.mail_from.partition("<")[2].partition(">")[0]
        return Envelope(sender, found[1] if found else "", to, "NOTIFY=SUCCESS" in rcpt, deed)

    async def data(self, envelope: Envelope, dice: random.Random) -> None:
        deed = envelope.deed
        if deed == "no_data":
            self.sink.note(deed, envelope)
            self.say("451 4.3.0 not now")
            return
        self.say("354 go on")
        if deed == "cut_in_body":
            await self.reader.read(200)
            self.sink.note(deed, envelope)
            raise HangUp
        raw = await self.reader.readuntil(b"\r\n.\r\n")
        found = KEY.search(raw)
        key = found[1].decode() if found else ""
        if deed.startswith("stored"):
            self.sink.note("stored", envelope, key)
        self.sink.note(deed if deed != "stored" else "polite", envelope, key)
        if envelope.wants_report and (deed.startswith("stored") or deed == "bounced_later"):
            self.sink.report(envelope, dice, action="failed" if deed == "bounced_later" else "relayed")
        await self.answer(deed)

    async def answer(self, deed: str) -> None:
        if deed in ("lost", "stored_cut", "bounced_later"):
            raise HangUp
        if deed in ("silent", "stored_late"):
            await asyncio.sleep(LATE)
        if deed == "silent":
            raise HangUp
        if deed == "stored_slow":
            await asyncio.sleep(SLOW)
        if deed == "stored_dripped":
            await self.drip("250 2.0.0 ok")
            return
        answers = {"dot_refused_now": "451 4.3.0 later", "dot_refused": "554 5.7.1 no"}
        answers["stored_mumbled"] = "?? what"
        self.say(answers.get(deed, "250 2.0.0 ok"))

    async def drip(self, line: str) -> None:
        for letter in f"{line}\r\n":
            self.writer.write(letter.encode())
            await self.writer.drain()
            await asyncio.sleep(SLOW / 14)

    def say(self, line: str) -> None:
        self.writer.write(f"{line}\r\n".encode())


async def main(log: str, reports: str, seed: str) -> None:
    sink = Sink(Path(log), Path(reports), seed)
    server = await asyncio.start_server(sink.serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))
