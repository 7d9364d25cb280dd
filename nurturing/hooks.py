"""Standard Webhooks (standardwebhooks.com): secrets, signatures, and when to try again. Pure.

Signed   the id, the timestamp and the body, joined by dots, with HMAC-SHA256; one signature for each live secret
Again    by the specification's own schedule, 75 hours in all, unless the other side names a later time
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import timedelta

PREFIX = "whsec_"
SCHEDULE = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
)
LONGEST_PUT_OFF = timedelta(days=1)  # however long the other side asks for


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def is_secret(text: str) -> bool:
    """24 to 64 bytes in base64 behind the prefix, as the specification asks."""
    try:
        return text.startswith(PREFIX) and 24 <= len(_key(text)) <= 64
    except (binascii.Error, ValueError):
        return False


def headers(secrets_: Sequence[str], call_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """`timestamp` in whole seconds since 1970."""
    return {
        "webhook-id": call_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(_signature(secret, call_id, timestamp, body) for secret in secrets_),
    }


def wait_after(attempts: int, retry_after: int | None = None) -> timedelta | None:
    """Until the next try, after that many; None when there is none."""
    if attempts > len(SCHEDULE):
        return None
    asked = timedelta(seconds=retry_after) if retry_after else timedelta()
    return max(SCHEDULE[attempts - 1], min(asked, LONGEST_PUT_OFF))


def _signature(secret: str, call_id: str, timestamp: int, body: bytes) -> str:
    signed = b".".join((call_id.encode(), str(timestamp).encode(), body))
    return "v1," + base64.b64encode(hmac.digest(_key(secret), signed, hashlib.sha256)).decode()


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
