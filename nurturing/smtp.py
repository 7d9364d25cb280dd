"""A thin SMTP client that stops before the final dot.

smtplib sends body and dot in one breath; here they are two calls, so that the fence can stand between them.
Its contract is that of nurturing.transports.
Everything up to the dot may be tried again: a server must not deliver what has no end (RFC 5321, 4.1.1.4).
"""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
from dataclasses import dataclass
from typing import NamedTuple

from django.conf import settings

from nurturing.failpoints import reach
from nurturing.transports import LineBroke, Parcel, Refused, ServerAway

DOT_TIMEOUT = 120  # seconds; servers scan the mail before they answer the dot
CONNECT_TIMEOUT = 10


class Server(NamedTuple):
    """Where to send; `timeout` in seconds for everything but the dot.

    `reports`: it is our own, so it is asked to report what became of each mail (RFC 3461). Asked of a stranger's,
    the report of success would come from wherever the mail went, and tell them that we watch.
    """

    host: str
    port: int
    user: str = ""
    password: str = ""
    starttls: bool = False
    tls: bool = False
    timeout: float = 20
    reports: bool = False


@dataclass
class Connection:
    """One open connection, used for many mails, one after the other."""

    _smtp: smtplib.SMTP
    _timeout: float
    _reports: bool = False

    @classmethod
    def open(cls, server: Server) -> Connection:
        """Raises ServerAway."""
        try:
            smtp = _connect(server)
        except (OSError, smtplib.SMTPException) as error:
            raise ServerAway(_words(error)) from error
        reach("after_connect")
        return cls(smtp, server.timeout, server.reports and smtp.has_extn("dsn"))

    def send_body(self, parcel: Parcel) -> None:
        """Everything but the final dot. Raises Refused, LineBroke or ServerAway; all leave nothing delivered."""
        which, when = (
            (f" RET=HDRS ENVID={parcel.key}", " NOTIFY=SUCCESS,FAILURE") if self._reports else ("", "")
        )
        self._expect("sender", *self._ask(f"MAIL FROM:<{parcel.sender}>{which}"))
        self._expect("recipient", *self._ask(f"RCPT TO:<{parcel.recipient}>{when}"))
        code, text = self._ask("DATA")
        if code != 354:
            raise self._no("data", code, text)
        reach("after_354")
        try:
            self._smtp.send(smtplib._quote_periods(parcel.content))  # type: ignore[attr-defined]
        except (OSError, smtplib.SMTPException) as error:
            raise LineBroke(_words(error)) from error
        reach("after_body")

    def commit(self) -> str:
        """The server's words when it took the mail. Raises Refused (it did not) or LineBroke (nobody knows)."""
        try:
            self._timeout_is(DOT_TIMEOUT)
            self._smtp.send(b"\r\n.\r\n")
            reach("after_dot")
            code, text = self._reply()
        except (OSError, smtplib.SMTPException) as error:
            raise LineBroke(_words(error)) from error
        self._timeout_is(self._timeout)
        if code < 400 and code != 250:
            raise LineBroke(f"The server answered {code} to the end of the mail.")
        self._expect("dot", code, text)
        reach("after_250")
        return f"{code} {text}"

    def drop(self) -> None:
        """Hang up at once. In the middle of a mail this is the only way to take it back.

        Shut down first: that also wakes a thread that waits for an answer.
        """
        with contextlib.suppress(OSError, AttributeError):
            self._smtp.sock.shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]
        self._smtp.close()

    def alive(self) -> bool:
        """RSET: it also forgets a mail that was begun."""
        try:
            return self._ask("RSET")[0] == 250
        except LineBroke:
            return False

    def close(self) -> None:
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
            no = self._no(stage, code, text)
            if stage == "sender":  # nothing about this lead: the server refuses us, and would refuse all
                raise ServerAway(f"The mail server refuses our sender address: {no}")
            raise no

    def _no(self, stage: str, code: int, text: str) -> Refused:
        """After a refusal the server expects a new mail; after 421 it hangs up."""
        if code != 421:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                self._smtp.rset()
        return Refused(stage, code, text)

    def _timeout_is(self, seconds: float) -> None:
        if self._smtp.sock is not None:
            self._smtp.sock.settimeout(seconds)


class Smtp:
    """The transport: one server of ours, or a provider's, as EMAIL_URL says."""

    def open(self) -> Connection:
        """Raises ServerAway."""
        return Connection.open(
            Server(
                settings.EMAIL_HOST,
                settings.EMAIL_PORT,
                settings.EMAIL_HOST_USER or "",
                settings.EMAIL_HOST_PASSWORD or "",
                settings.EMAIL_USE_TLS,
                settings.EMAIL_USE_SSL,
                settings.EMAIL_TIMEOUT,
                settings.EMAIL_SERVER_IS_OURS,
            )
        )


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
