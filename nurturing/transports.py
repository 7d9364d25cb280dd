"""The ways a mail can leave, behind one small interface; `settings.MAIL_TRANSPORT` names the one in use.

    transport.open() -> channel.send_body(parcel) -> [the fence] -> channel.commit() -> words of the other side

open        a way to the other side, ready to carry parcels one after the other. Raises ServerAway
send_body   everything that may be tried again: nothing is delivered as long as `commit` was not called. For SMTP
            all but the final dot; for a service with an API nothing but writing the call down. Raises Refused (the
            other side, or the parcel itself, says no), LineBroke (nothing was delivered), ServerAway (it refuses
            us, whatever the mail)
commit      the one act that delivers: SMTP's final dot, a service's API call. It is called once and only after the
            fence was passed. Returns when the other side is bound to deliver. Raises Refused when it certainly did
            not take the mail (SMTP 4xx, 5xx; HTTP 4xx, 429, 503 with an answer), LineBroke whenever that is not
            certain (no answer, a time-out, an answer that makes no sense): nothing is repeated after it
drop        hang up at once; between `send_body` and `commit` it takes the mail back
close       say goodbye; never raises
alive       whether it can carry another parcel, asked after a pause. Asks the other side where that is possible

After Refused the channel is as good as new, unless its code is 421; after LineBroke it is to be dropped. One thread
at a time uses a channel, not always the same one, and none of these methods may touch the database.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from django.conf import settings
from django.utils.module_loading import import_string


class ServerAway(Exception):
    """No connection, or the other side refuses to talk to us at all. No mail was tried."""


class LineBroke(Exception):
    """The connection was lost in the middle of a mail."""


class Refused(Exception):
    """The other side answered no. `stage` is sender, recipient, data or dot; codes are SMTP's."""

    def __init__(self, stage: str, code: int, text: str) -> None:
        super().__init__(f"{code} {text}")
        self.stage, self.code, self.text = stage, code, text

    @property
    def for_good(self) -> bool:
        return 500 <= self.code < 600

    @property
    def no_such_address(self) -> bool:
        """A permanent refusal of the recipient whose enhanced code blames the address (RFC 3463, X.1.x)."""
        return self.stage == "recipient" and self.for_good and self._status.startswith("5.1.")

    @property
    def blames_the_mailbox(self) -> bool:
        """Full, closed or the like (X.2.x): it says nothing about the others of its domain."""
        return self._status[1:].startswith(".2.")

    @property
    def _status(self) -> str:
        words = self.text.split(maxsplit=1)
        return words[0] if words else ""


class Parcel(NamedTuple):
    """One mail on its way."""

    key: str  # the message's, in hex; the same on every try: for ENVID, a service's metadata and idempotency key
    sender: str  # of the envelope
    recipient: str
    content: bytes  # a whole RFC 5322 message with CRLF, one recipient, signed when a key is configured


class Channel(Protocol):
    def send_body(self, parcel: Parcel) -> None: ...

    def commit(self) -> str: ...

    def drop(self) -> None: ...

    def close(self) -> None: ...

    def alive(self) -> bool: ...


class Transport(Protocol):
    def open(self) -> Channel: ...


def chosen() -> Transport:
    """The one in use, fresh: it reads its own settings."""
    transport: Transport = import_string(settings.MAIL_TRANSPORT)()
    return transport
