"""The transport for mail services with an API: `nurturing.transports` says what its methods promise.

Before the fence the call is only written down; the one API call is the commit. The message's key goes along as
metadata, so that events name it, and as an idempotency key where the service has one. Whatever is not certainly a
no is doubt: no answer, a time-out, a 5xx that may come from a proxy, an answer that makes no sense.
"""

from __future__ import annotations

import contextlib
import socket
import time
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit

import requests
from anymail.exceptions import AnymailError, AnymailRecipientsRefused
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMultiAlternatives, get_connection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from nurturing.esp.words import KEY
from nurturing.failpoints import reach
from nurturing.transports import LineBroke, Parcel, Refused, ServerAway

CONNECT_TIMEOUT = 10  # seconds
LOCKED_SECONDS = 60  # after a refused key, in each worker
WRITTEN_BY_SERVICE = {
    "from", "to", "subject", "date", "mime-version", "content-type", "content-transfer-encoding", "dkim-signature",
}  # fmt: skip
IDEMPOTENCY_HEADERS = {"Resend": "Idempotency-Key"}
NOT_NOW = {408, 409, 423, 425, 429, 503}  # with an answer: the service did not take it, and may later
CREDENTIALS = {401, 402, 403}
_locked_out: dict[str, tuple[float, str]] = {}  # API address -> until when, and why

NEVER_CONNECTED = (ConnectTimeoutError, NameResolutionError, NewConnectionError)


class Anymail:
    """The transport: the service that EMAIL_URL names."""

    def open(self) -> ApiChannel:
        """Raises ServerAway."""
        try:
            backend = get_connection()
            backend.open()
        except (ImproperlyConfigured, ImportError) as error:
            raise ServerAway(f"The mail service is not set up: {_words(error)}") from error
        _not_locked_out(backend)
        _look_at(getattr(backend, "api_url", ""))
        reach("after_connect")
        return ApiChannel(backend)


class ApiChannel:
    def __init__(self, backend: Any) -> None:
        self._backend = backend
        self._written: Any = None

    def send_body(self, parcel: Parcel) -> None:
        """Nothing leaves yet. Raises ServerAway while the service refuses our key."""
        _not_locked_out(self._backend)
        self._written = composed(parcel)
        self._name_call(parcel.key)
        reach("after_body")

    def commit(self) -> str:
        message, self._written = self._written, None
        if message is None:
            raise LineBroke("There is no mail to hand over.")
        try:
            self._backend.send_messages([message])
        except AnymailRecipientsRefused as error:
            raise _recipient_refused(error) from error
        except AnymailError as error:
            if error.status_code in CREDENTIALS:
                _lock_out(
                    self._backend, f"The mail service refuses our key: {_said(error) or error.status_code}"
                )
            raise _judged(error) from error
        except OSError as error:
            raise LineBroke(_words(error)) from error
        reach("after_250")
        return f"250 The mail service took it: {_id_of(message)}"

    def drop(self) -> None:
        self._written = None
        with contextlib.suppress(Exception):
            self._backend.close()
            self._backend.open()

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self._backend.close()

    def alive(self) -> bool:
        return True  # each call connects as it needs

    def _name_call(self, key: str) -> None:
        header = IDEMPOTENCY_HEADERS.get(getattr(self._backend, "esp_name", ""))
        session = getattr(self._backend, "session", None)
        if header and session is not None:
            session.headers[header] = f"tandem/{key}"


def composed(parcel: Parcel) -> Any:
    """The same mail in the words of an API: services write the MIME, sign it, and choose the return path themselves."""
    mail = message_from_bytes(parcel.content, policy=policy.default)
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    message: Any = EmailMultiAlternatives(
        subject=str(mail.get("Subject", "")),
        body=text.get_content() if text else "",
        from_email=str(mail.get("From", "")),
        to=[parcel.recipient],
        headers={name: str(value) for name, value in mail.items() if name.lower() not in WRITTEN_BY_SERVICE},
    )
    if html:
        message.attach_alternative(html.get_content(), "text/html")
    for part in mail.iter_attachments():
        _attach(message, part)
    message.metadata = {KEY: parcel.key}
    message.track_opens = message.track_clicks = False  # our own links do it, and tell people from machines
    return message


def _attach(message: Any, part: Any) -> None:
    content = part.get_payload(decode=True) if isinstance(part, EmailMessage) else None
    if content is not None:
        message.attach(part.get_filename("attachment"), content, part.get_content_type())


def _judged(error: AnymailError) -> Exception:
    """A no, or doubt. Its words name neither our key nor the mail."""
    status = error.status_code
    if status is None:
        return _without_answer(error)
    words = f"The mail service answered {status}. {_said(error)}".strip()
    if status in CREDENTIALS:
        return Refused("data", 454, f"4.7.0 {words}")
    if status in NOT_NOW:
        return Refused("data", 451, f"4.3.0 {words}")
    if 400 <= status < 500:
        return Refused("data", 554, f"5.6.0 {words}")
    return LineBroke(words)


def _without_answer(error: AnymailError) -> Exception:
    cause = error.__cause__
    if cause is None:  # the mail cannot be said in this service's words: no call was made
        return Refused("data", 554, f"5.6.0 {_words(error)}")
    if isinstance(cause, requests.ConnectTimeout) or _never_connected(cause):
        return Refused("data", 421, "4.4.1 The mail service cannot be reached.")
    return LineBroke(f"The mail service did not answer: {type(cause).__name__}")


def _never_connected(cause: BaseException) -> bool:
    inner = cause.args[0] if cause.args else None
    return isinstance(getattr(inner, "reason", inner), NEVER_CONNECTED)


def _recipient_refused(error: AnymailRecipientsRefused) -> Refused:
    statuses = getattr(error.email_message.anymail_status, "status", None) or set()
    if "invalid" in statuses:
        return Refused("recipient", 550, "5.1.3 The mail service says that the address is none.")
    return Refused("recipient", 554, "5.7.1 The mail service does not mail this address.")


def _said(error: AnymailError) -> str:
    response = error.response
    return " ".join(response.text.split())[:200] if response is not None else ""


def _id_of(message: Any) -> str:
    return str(message.anymail_status.message_id or "")[:200]


def _words(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def _lock_out(backend: Any, words: str) -> None:
    _locked_out[getattr(backend, "api_url", "")] = (time.monotonic() + LOCKED_SECONDS, words)


def _not_locked_out(backend: Any) -> None:
    """A refused key would be refused for every mail; so the others keep their tries. Raises ServerAway."""
    until, words = _locked_out.get(getattr(backend, "api_url", ""), (0.0, ""))
    if time.monotonic() < until:
        raise ServerAway(words)


def _look_at(api_url: str) -> None:
    """A service out of reach must not cost every mail a try. Raises ServerAway."""
    parts = urlsplit(api_url)
    if not parts.hostname:
        return
    try:
        port = parts.port or (80 if parts.scheme == "http" else 443)
        socket.create_connection((parts.hostname, port), timeout=CONNECT_TIMEOUT).close()
    except OSError as error:
        raise ServerAway(f"The mail service cannot be reached: {_words(error)}") from error
