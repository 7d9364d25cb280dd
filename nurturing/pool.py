"""The open channels of one run: reused, looked after, closed when nobody needs them.

Called from many threads; a channel that is under way belongs to one of them. Nothing here touches the database.
"""

from __future__ import annotations

import threading
import time
from typing import NamedTuple

from nurturing.transports import Channel, Parcel, Refused, ServerAway, Transport

ASKED_AFTER = 5  # seconds unused; then it is asked whether it still lives
CLOSED_AFTER = 30


class Crowded(Exception):
    """The other side takes no more connections at once than we have. No mail was tried."""


class _Idle(NamedTuple):
    channel: Channel
    since: float


class Pool:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._lock = threading.Lock()
        self._idle: list[_Idle] = []
        self._busy: list[Channel] = []

    @property
    def count(self) -> int:
        return len(self._idle) + len(self._busy)

    def open_first(self) -> None:
        """So that a server that is away is known before anything is claimed. Raises ServerAway."""
        channel = self._transport.open()
        with self._lock:
            self._idle.append(_Idle(channel, time.monotonic()))

    def send_body(self, parcel: Parcel) -> Channel:
        """Answers the channel that holds the mail. Raises Refused, LineBroke, ServerAway or Crowded."""
        channel = self._take()
        try:
            channel.send_body(parcel)
        except Refused as no:
            self._after(channel, no)
            raise
        except BaseException:
            self.drop(channel)
            raise
        return channel

    def commit(self, channel: Channel) -> str:
        """After the fence. Raises Refused or LineBroke."""
        try:
            words = channel.commit()
        except Refused as no:
            self._after(channel, no)
            raise
        except BaseException:
            self.drop(channel)
            raise
        self._put_back(channel)
        return words

    def drop(self, channel: Channel) -> None:
        channel.drop()
        with self._lock:
            self._busy = [other for other in self._busy if other is not channel]

    def close_idle(self, seconds: float = CLOSED_AFTER) -> None:
        with self._lock:
            old = [idle for idle in self._idle if time.monotonic() - idle.since >= seconds]
            self._idle = [idle for idle in self._idle if idle not in old]
        for idle in old:
            idle.channel.close()

    def cut(self) -> None:
        """Whatever is still under way ends at once."""
        with self._lock:
            busy, self._busy = self._busy, []
        for channel in busy:
            channel.drop()

    def _take(self) -> Channel:
        while idle := self._pop():
            if time.monotonic() - idle.since < ASKED_AFTER or idle.channel.alive():
                return idle.channel
            self.drop(idle.channel)
        try:
            channel = self._transport.open()
        except ServerAway as error:
            if self.count:
                raise Crowded(str(error)) from error
            raise
        with self._lock:
            self._busy.append(channel)
        return channel

    def _pop(self) -> _Idle | None:
        """The one used last: the others grow old and are closed."""
        with self._lock:
            if not self._idle:
                return None
            idle = self._idle.pop()
            self._busy.append(idle.channel)
            return idle

    def _put_back(self, channel: Channel) -> None:
        with self._lock:
            self._busy = [other for other in self._busy if other is not channel]
            self._idle.append(_Idle(channel, time.monotonic()))

    def _after(self, channel: Channel, no: Refused) -> None:
        if no.code == 421:
            self.drop(channel)
        else:
            self._put_back(channel)
