"""Secrets at rest: readable by this installation only, as long as it keeps its key."""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class Unreadable(ValueError):
    """Sealed with a key that this installation no longer has."""


def seal(purpose: str, text: str) -> bytes:
    """With the newest key. What was sealed for one purpose opens for no other."""
    return _seals(purpose).encrypt(text.encode())


def unseal(purpose: str, sealed: bytes | memoryview) -> str:
    """With any key that is still known. Raises Unreadable."""
    try:
        return _seals(purpose).decrypt(bytes(sealed)).decode()
    except InvalidToken as error:
        raise Unreadable("It can no longer be read. Enter it again.") from error


def _seals(purpose: str) -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [hashlib.sha256(f"{purpose} {key}".encode()).digest() for key in keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
