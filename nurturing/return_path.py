"""The addresses that a mail of ours comes back to: they name one message, cannot be guessed, and never expire.

    bounces+<token>@mail.example    envelope sender (purpose RETURN); in List-Unsubscribe with purpose UNSUBSCRIBE

A token is one letter for the purpose, the message's key and 8 bytes of an HMAC: 25 bytes, so exactly 40 letters and
digits in base32, whose case does not matter, because mail servers change it. Whoever sends us a bounce for somebody
else's mail would have to guess the HMAC. A new SECRET_KEY keeps old addresses alive through SECRET_KEY_FALLBACKS.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from django.conf import settings

from nurturing.rendering import CannotCompose, envelope_address

SALT = b"nurturing.return.1"  # a change of the format is a new number beside the old one, never instead of it
RETURN, UNSUBSCRIBE = b"r", b"u"
MAC = 8  # bytes
LONGEST = 64  # octets of a local part (RFC 5321)
TOKEN = re.compile(r"\+([a-z2-7]{40})@", re.IGNORECASE)
MOST_TRIED = 50  # tokens in one mail; ours is among the first


class Mark(NamedTuple):
    purpose: bytes
    key: UUID


def address(purpose: bytes, key: UUID, sender_domain: str) -> str:
    """`sender_domain` is used where RETURN_PATH names no domain. Raises CannotCompose."""
    local, domain = _mailbox(settings.RETURN_PATH, sender_domain)
    return f"{local}+{token(purpose, key)}@{domain}"


def token(purpose: bytes, key: UUID) -> str:
    fact = purpose + key.bytes
    return base64.b32encode(fact + _mac(_secret(settings.SECRET_KEY), fact)).decode().lower()


def read(text: str) -> Mark | None:
    """One token. None for a forged or foreign one."""
    try:
        raw = base64.b32decode(text.upper())
    except (binascii.Error, ValueError):
        return None
    fact, mac = raw[:17], raw[17:]
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    genuine = any(hmac.compare_digest(_mac(_secret(key), fact), mac) for key in keys)
    return Mark(fact[:1], UUID(bytes=fact[1:])) if genuine and len(raw) == 25 else None


def found_in(text: str) -> Iterator[Mark]:
    """The genuine tokens among the addresses of a text, whatever their domain: that may have changed since."""
    for place, found in enumerate(TOKEN.finditer(text)):
        if place >= MOST_TRIED:
            return
        mark = read(found[1])
        if mark is not None:
            yield mark


def _mac(secret: bytes, fact: bytes) -> bytes:
    return hmac.digest(secret, fact, "sha256")[:MAC]


@lru_cache(maxsize=8)
def _secret(key: str) -> bytes:
    return sha256(SALT + b"\0" + key.encode()).digest()


@lru_cache(maxsize=8)
def _mailbox(return_path: str, sender_domain: str) -> tuple[str, str]:
    local, _, domain = return_path.partition("@")
    plain_local, _, plain_domain = envelope_address(f"{local}@{domain or sender_domain}").rpartition("@")
    if len(plain_local) + len("+") + 40 > LONGEST:
        raise CannotCompose("The part of RETURN_PATH before the @ is longer than 23 characters.")
    return plain_local, plain_domain
