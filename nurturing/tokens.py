"""Addresses in a mail: they name one message, cannot be guessed, and never expire.

    unsubscribe  /u/<token>/      click  /c/<token>/      open  /o/<token>.gif      preferences  /p/<token>/
    confirmation  /y/<token>/, which names a request to confirm instead of a message

A token is the purpose, the message's key and, for a click, the link's id, signed. It holds no target, so it
cannot be turned into an open redirect. A new SECRET_KEY keeps old links alive through SECRET_KEY_FALLBACKS.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.core import signing

SALT = "nurturing.links.1"  # a change of the format is a new number beside the old one, never instead of it
TEST = UUID(int=0)  # in test mails, which are no rows

UNSUBSCRIBE, CLICK, OPEN, PREFERENCES, CONFIRM = "u", "c", "o", "p", "y"
TRAP = 2**64 - 1  # in place of a link's id: the link that no reader can see


class BadToken(ValueError):
    """Forged, cut off, or of another purpose."""


class Mark(NamedTuple):
    key: UUID
    link_id: int = 0


def sign(purpose: str, key: UUID, link_id: int = 0) -> str:
    raw = key.bytes + (link_id.to_bytes(8, "big") if link_id else b"")
    value = purpose.encode() + base64.urlsafe_b64encode(raw).rstrip(b"=")
    mac = base64.urlsafe_b64encode(hmac.digest(_secret(settings.SECRET_KEY), value, "sha256")).rstrip(b"=")
    return f"{value.decode()}.{mac.decode()}"


def read(purpose: str, token: str) -> Mark:
    """Raises BadToken."""
    try:
        value = _signer().unsign(token)
        raw = base64.urlsafe_b64decode(value[1:] + "=" * (-len(value[1:]) % 4))
    except (signing.BadSignature, binascii.Error, ValueError) as error:
        raise BadToken from error
    if value[:1] != purpose or len(raw) not in (16, 24):
        raise BadToken
    return Mark(UUID(bytes=raw[:16]), int.from_bytes(raw[16:], "big"))


@lru_cache(maxsize=4)
def _secret(key: str) -> bytes:
    """What Signer works out anew for each token; a mail has five, and that took as long as all its text."""
    return hashlib.sha256(f"{SALT}signer{key}".encode()).digest()


def _signer() -> signing.Signer:
    return _signer_with(settings.SECRET_KEY, tuple(settings.SECRET_KEY_FALLBACKS))


@lru_cache(maxsize=4)
def _signer_with(key: str, fallbacks: tuple[str, ...]) -> signing.Signer:
    return signing.Signer(key=key, sep=".", salt=SALT, fallback_keys=list(fallbacks))
