"""Rendering and sending a campaign's mails, against sending bytes that were built before.

Reference  the same SMTP client sends the same mails, already built and kept in memory, to the same server
Ours       letters are filled from the compiled mail, and sent; then the same with a DKIM signature on each

The server is a process of its own and does nothing but answer. One connection, one mail after the other; no database.
"""

from __future__ import annotations

import multiprocessing
import socket
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from django.utils import timezone

from leads.models import Company, Lead
from nurturing import letters
from nurturing.content.schema import from_text
from nurturing.models import Campaign, CampaignVersion, Enrolment, Message, Step
from nurturing.rendering import Mail, Sender
from nurturing.signing import Signer
from nurturing.smtp import Connection, Server
from nurturing.transports import Parcel

ROUNDS = 3
SENDER = Sender("Quillstone", "Dana Cole", "dana@quillstone.example", "Kai 4, 20457 Hamburg")
SUBJECT = "A guide for {{ first_name | default: 'you' }}"
BODY = """Hello {{ first_name | default: 'there' }},

when {{ company | default: 'your company' }} looks for a way to {{ industry | default: 'grow' }}, three things help:

- [the guide](https://quillstone.example/guide), twelve pages without a form
- [a calculator](https://quillstone.example/calculator) with your own figures
- [half an hour](https://quillstone.example/demo) with somebody who has done it before

Much of what we hear is about time. Nobody has any, so nobody starts. The guide begins with the half hour that pays
first, and says what to leave out. It was written with people from forty teams, and it names the mistakes they made.

Best wishes
Dana
"""
NAMES = ("Åse", "Tom", "Lea", "Max")
LINKS = {
    f"https://quillstone.example/{page}": number
    for number, page in enumerate(("guide", "calculator", "demo"))
}


def run(leads: int = 2_000) -> dict[str, Any]:
    messages = [_message(number) for number in range(leads)]
    mail = letters.mail_of(messages[0].step, SENDER)
    rsa = Signer("quillstone.example", "mail", generate_private_key(65537, 2048))
    ed25519 = Signer("quillstone.example", "mail", Ed25519PrivateKey.generate())
    built = [_filled(mail, message, None) for message in messages]
    with _server() as connection:
        rates = {
            "prebuilt": lambda: _rate(connection, iter(built)),
            "rendered": lambda: _rate(connection, _letters(mail, messages, None)),
            "rendered_and_signed_rsa": lambda: _rate(connection, _letters(mail, messages, rsa)),
            "rendered_and_signed_ed25519": lambda: _rate(connection, _letters(mail, messages, ed25519)),
        }
        figures = _medians(rates)
    ours = [name for name in figures if name != "prebuilt"]
    return {
        "mails": leads,
        "bytes_each": round(statistics.mean(map(len, built))),
        **{f"{name}_mails_per_second": round(rate) for name, rate in figures.items()},
        **{f"{name}_ratio": round(figures[name] / figures["prebuilt"], 2) for name in ours},
    }


def _medians(rates: dict[str, Callable[[], float]]) -> dict[str, float]:
    """Round by round, so that a busy moment of the machine meets all of them."""
    for rate in rates.values():
        rate()  # warm
    rounds = [{name: rate() for name, rate in rates.items()} for _ in range(ROUNDS)]
    return {name: statistics.median(found[name] for found in rounds) for name in rates}


def _rate(connection: Connection, mails: Iterator[bytes]) -> float:
    """Mails a second."""
    sent, began = 0, time.perf_counter()
    for content in mails:
        connection.send_body(Parcel("", "dana@quillstone.example", "lea@buyer.example", content))
        connection.commit()
        sent += 1
    return sent / (time.perf_counter() - began)


def _letters(mail: Mail, messages: list[Message], signer: Signer | None) -> Iterator[bytes]:
    for message in messages:
        yield _filled(mail, message, signer)


def _filled(mail: Mail, message: Message, signer: Signer | None) -> bytes:
    now = timezone.now()
    content = mail.fill(letters.letter_for(message, LINKS, SENDER, now))
    return signer.sign(content, now) if signer else content


def _message(number: int) -> Message:
    """Like a row with its lead and company, but never saved."""
    company = Company(name=f"Nordwind {number} GmbH", industry="Software")
    lead = Lead(
        first_name=f"{NAMES[number % 4]} {number}",
        last_name="Berg",
        email=f"lea{number}@buyer.example",
        company=company,
        custom={},
        language="",
    )
    version = CampaignVersion(campaign=Campaign(pk=1), number=1)
    step = Step(version=version, kind="email", subject=SUBJECT, content=from_text(BODY))
    run = Enrolment(lead=lead, version=version)
    return Message(enrolment=run, step=step, key=UUID(int=number), to_address=str(lead.email))


@contextmanager
def _server() -> Iterator[Connection]:
    listening = socket.create_server(("127.0.0.1", 0))
    process = multiprocessing.get_context("fork").Process(target=_serve, args=(listening,), daemon=True)
    process.start()
    connection = Connection.open(Server("127.0.0.1", listening.getsockname()[1]))
    try:
        yield connection
    finally:
        connection.close()
        process.terminate()
        process.join()
        listening.close()


def _serve(listening: socket.socket) -> None:
    """One client; commands are answered, mails are read to their end and forgotten."""
    client, _ = listening.accept()
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.sendall(b"220 bench\r\n")
    data = b""
    while chunk := client.recv(1 << 18):
        data += chunk
        if data.endswith(b"\r\n.\r\n"):
            client.sendall(b"250 2.0.0 ok\r\n")
        elif data == b"DATA\r\n" or data == b"data\r\n":
            client.sendall(b"354 go on\r\n")
        elif data.endswith(b"\r\n") and data[:4].upper() in (
            b"EHLO",
            b"HELO",
            b"MAIL",
            b"RCPT",
            b"RSET",
            b"QUIT",
        ):
            client.sendall(b"250 ok\r\n")
        else:
            continue  # in the middle of a mail
        data = b""
