"""Write keys at the door: who may send, remembered for some seconds."""

import base64
import binascii
import hashlib
import time

from django.http import HttpRequest

from accounts.authentication import find_token
from accounts.models import ApiToken

REMEMBER = 5.0  # seconds; a revoked key stops working after at most as long
MOST = 10_000  # keys in memory, wrong ones included

_seen: dict[bytes, tuple[float, int | None]] = {}


def key_in_header(request: HttpRequest) -> str:
    """The user name of Basic authentication; empty without one. SDKs leave the password empty."""
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(encoded.strip(), validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def key_id(secret: str) -> int | None:
    """The id of the usable write key with this secret; None for any other."""
    digest = hashlib.sha256(secret.encode("utf-8", "replace")).digest()
    until, pk = _seen.get(digest, (0.0, None))
    if until < time.monotonic():
        token = find_token(kind=ApiToken.Kind.WRITE, secret=secret) if secret.isprintable() else None
        pk = token.pk if token else None
        if len(_seen) >= MOST:
            _seen.clear()
        _seen[digest] = (time.monotonic() + REMEMBER, pk)
    return pk


def forget_keys() -> None:
    """For tests that revoke one and look at once."""
    _seen.clear()
