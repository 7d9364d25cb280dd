"""A thin SMTP client that stops before the final dot.

smtplib sends body and dot in one breath; here they are two calls, so that the fence can stand between them.
Everything up to the dot may be tried again: a server must not deliver what has no end (RFC 5321, 4.1.1.4).
"""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
from dataclasses import dataclass
from typing import NamedTuple

DOT_TIMEOUT = 120  # seconds; servers scan the mail before they answer the dot
CONNECT_TIMEOUT = 10


class ServerAway(Exception):
    """No connection, or the server refuses to talk to us at all. No mail was tried."""


class LineBroke(Exception):
    """The connection was lost in the middle of a mail."""


class Refused(Exception):
    """The server answered no. `stage` is sender, recipient, data or dot."""

    def __init__(self, stage: str, code: int, text: str) -> None:
        super().__init__(f"{code} {text}")
        self.stage, self.code, self.text = stage, code, text

    @property
    def for_good(self) -> bool:
        return 500 <= self.code < 600

    @property
    def no_such_address(self) -> bool:
        """A permanent refusal of the recipient whose enhanced code blames the address (RFC 3463, X.1.x)."""
        words = self.text.split(maxsplit=1)
        return self.stage == "recipient" and self.for_good and bool(words) and words[0].startswith("5.1.")


class Server(NamedTuple):
    """Where to send; `timeout` in seconds for everything but the dot."""

    host: str
    port: int
    user: str = ""
    password: str = ""
    starttls: bool = False
    tls: bool = False
    timeout: float = 20


@dataclass
class Connection:
    """One open connection, used for many mails, one after the other."""

    _smtp: smtplib.SMTP
    _timeout: float

    @classmethod
    def open(cls, server: Server) -> Connection:
        """Raises ServerAway."""
        try:
            smtp = _connect(server)
        except (OSError, smtplib.SMTPException) as error:
            raise ServerAway(_words(error)) from error
        return cls(smtp, server.timeout)

    def send_body(self, *, sender: str, recipient: str, mail: bytes) -> None:
        """Everything but the final dot. Raises Refused or LineBroke; both leave nothing delivered."""
        self._expect("sender", *self._ask(f"MAIL FROM:<{sender}>"))
        self._expect("recipient", *self._ask(f"RCPT TO:<{recipient}>"))
        code, text = self._ask("DATA")
        if code != 354:
            raise self._no("data", code, text)
        try:
            self._smtp.send(smtplib._quote_periods(mail))  # type: ignore[attr-defined]
        except (OSError, smtplib.SMTPException) as error:
            raise LineBroke(_words(error)) from error

    def send_dot(self) -> str:
        """The server's words when it took the mail. Raises Refused (it did not) or LineBroke (nobody knows)."""
        try:
            self._timeout_is(DOT_TIMEOUT)
            self._smtp.send(b"\r\n.\r\n")
            code, text = self._reply()
        except (OSError, smtplib.SMTPException) as error:
            raise LineBroke(_words(error)) from error
        self._timeout_is(self._timeout)
        if code < 400 and code != 250:
            raise LineBroke(f"The server answered {code} to the end of the mail.")
        self._expect("dot", code, text)
        return f"{code} {text}"

    def drop(self) -> None:
        """Hang up at once. In the middle of a mail this is the only way to take it back."""
        self._smtp.close()

    def quit(self) -> None:
        with contextlib.suppress(OSError, smtplib.SMTPException):
            self._smtp.quit()
        self._smtp.close()

    def _ask(self, command: str) -> tuple[int, str]:
        try:
            self._smtp.putcmd(command)
            return self._reply()
        except (OSError, smtplib.SMTPException) as error:
            raise LineBroke(_words(error)) from error

    def _reply(self) -> tuple[int, str]:
        code, text = self._smtp.getreply()
        if code == -1:
            raise smtplib.SMTPServerDisconnected("The server's answer made no sense.")
        return code, text.decode("utf-8", "replace")

    def _expect(self, stage: str, code: int, text: str) -> None:
        if not 200 <= code < 300:
            raise self._no(stage, code, text)

    def _no(self, stage: str, code: int, text: str) -> Refused:
        """After a refusal the server expects a new mail; after 421 it hangs up."""
        if code != 421:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                self._smtp.rset()
        return Refused(stage, code, text)

    def _timeout_is(self, seconds: float) -> None:
        if self._smtp.sock is not None:
            self._smtp.sock.settimeout(seconds)


def _connect(server: Server) -> smtplib.SMTP:
    wait = min(CONNECT_TIMEOUT, server.timeout)
    smtp: smtplib.SMTP
    if server.tls:
        smtp = smtplib.SMTP_SSL(server.host, server.port, timeout=wait, context=ssl.create_default_context())
    else:
        smtp = smtplib.SMTP(server.host, server.port, timeout=wait)
    try:
        smtp.ehlo_or_helo_if_needed()
        if server.starttls:
            smtp.starttls(context=ssl.create_default_context())
            smtp.ehlo()
        if server.user:
            smtp.login(server.user, server.password)
    except BaseException:
        smtp.close()
        raise
    if smtp.sock is not None:
        smtp.sock.settimeout(server.timeout)
        # Body and dot are two writes; without this the dot would wait 40 ms for the body's acknowledgement.
        smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return smtp


def _words(error: Exception) -> str:
    return (str(error) or type(error).__name__)[:200]
