"""A mailbox read over IMAP. It belongs to Tandem alone: what is unread has not been taken in.

    imap+ssl://user:password@mail.example:993/INBOX     imap:// without TLS, imap+tls:// for STARTTLS

Each mail is marked as read once its effect is saved. A lost line is tried again at the next poll.
"""

from __future__ import annotations

import imaplib
import logging
import re
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from nurturing.returned.incoming import MOST_BYTES
from nurturing.services.returned_mails import take_in

logger = logging.getLogger(__name__)

MOST = 200  # mails a poll
TIMEOUT = 30  # seconds, for one answer
POLL_SECONDS = 60
PORTS = {"imap": 143, "imap+tls": 143, "imap+ssl": 993}


class MailboxAway(Exception):
    """It cannot be reached, or does not let us in; says why in words."""


class Mailbox(NamedTuple):
    scheme: str
    host: str
    port: int
    user: str
    password: str
    folder: str


def mailbox_of(url: str) -> Mailbox:
    """Raises MailboxAway for an address that is none."""
    parts = urlsplit(url)
    try:
        port = parts.port or PORTS[parts.scheme]
    except (KeyError, ValueError) as error:
        raise MailboxAway("RETURN_IMAP_URL must begin with imap+ssl://, imap+tls:// or imap://.") from error
    folder = unquote(parts.path.strip("/")) or "INBOX"
    return Mailbox(
        parts.scheme,
        parts.hostname or "",
        port,
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        folder,
    )


def poll(url: str, *, limit: int = MOST) -> tuple[int, int]:
    """(taken in, failed). Raises MailboxAway when the line breaks; what was done by then is marked."""
    box = mailbox_of(url)
    try:
        with _opened(box) as server:
            return _take_in_unread(server, limit)
    except (OSError, imaplib.IMAP4.error) as error:
        raise MailboxAway(str(error)[:200] or type(error).__name__) from error


def _take_in_unread(server: imaplib.IMAP4, limit: int) -> tuple[int, int]:
    _, found = server.uid("SEARCH", "UNSEEN")
    taken, failed, ends = 0, 0, time.monotonic() + POLL_SECONDS
    for uid in (found[0] or b"").split():
        if (
            taken >= limit or time.monotonic() > ends
        ):  # the next poll goes on; what failed takes nobody's place
            break
        raw = _fetched(server, uid)
        if raw is None:  # removed meanwhile
            continue
        if not _taken_in(raw, uid):
            failed += 1
            continue
        taken += 1
        server.uid("STORE", uid.decode(), "+FLAGS", r"(\Seen)")
    return taken, failed


def _taken_in(raw: bytes, uid: bytes) -> bool:
    try:
        take_in(raw, source="imap")
    except Exception:  # whatever is wrong with this one must not stop the others
        logger.exception("the returned mail %s could not be taken in", uid.decode(errors="replace"))
        return False
    return True


def _fetched(server: imaplib.IMAP4, uid: bytes) -> bytes | None:
    _, data = server.uid("FETCH", uid.decode(), f"(BODY.PEEK[]<0.{MOST_BYTES}>)")
    return next((part[1] for part in data or [] if isinstance(part, tuple)), None)


@contextmanager
def _opened(box: Mailbox) -> Iterator[imaplib.IMAP4]:
    context = ssl.create_default_context()
    server: imaplib.IMAP4
    if box.scheme == "imap+ssl":
        server = imaplib.IMAP4_SSL(box.host, box.port, ssl_context=context, timeout=TIMEOUT)
    else:
        server = imaplib.IMAP4(box.host, box.port, timeout=TIMEOUT)
    try:
        if box.scheme == "imap+tls":
            server.starttls(context)
        server.login(box.user, box.password)
        answer, said = server.select(_quoted(box.folder))
        if answer != "OK":
            raise MailboxAway(f"There is no folder {box.folder[:80]}: {said!r}"[:200])
        yield server
    finally:
        with suppress(OSError, imaplib.IMAP4.error):
            server.logout()
        with suppress(OSError):
            server.shutdown()


def _quoted(folder: str) -> str:
    return '"' + re.sub(r'[\r\n\0"\\]', "", folder) + '"'
