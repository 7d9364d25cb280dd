"""DKIM signatures (RFC 6376, RFC 8463), so that receivers know who answers for a mail.

Canonicalised relaxed/relaxed, with RSA-SHA256 or Ed25519-SHA256 as the key is. OpenSSL signs: the pure Python of
dkimpy takes many times as long as sending. Tests verify with dkimpy. Pure: key and time are given.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

# RFC 8058 wants both headers of the one click covered. From stands twice, so that nobody can add another.
SIGNED = (
    b"from", b"from", b"to", b"reply-to", b"subject", b"date", b"message-id", b"list-unsubscribe",
    b"list-unsubscribe-post", b"list-id", b"list-help", b"list-owner", b"list-post",
    b"auto-submitted", b"mime-version", b"content-type",
)  # fmt: skip
SPACES = re.compile(rb"[ \t]+")
SPACE_AT_END = re.compile(rb" +\r\n")
FOLD = re.compile(rb"\r\n(?=[ \t])")
NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?")
LEAST_BITS = 1024


class BadKey(ValueError):
    """The key, domain or selector cannot be used; says why, never what is in the key."""


class Signer(NamedTuple):
    domain: str
    selector: str
    key: RSAPrivateKey | Ed25519PrivateKey

    @classmethod
    def of(cls, *, domain: str, selector: str, pem: str) -> Signer:
        """`pem` with real line ends or with \\n written out, as environment files have it. Raises BadKey."""
        for what, value in (("DKIM_DOMAIN", domain), ("DKIM_SELECTOR", selector)):
            if not NAME.fullmatch(value):
                raise BadKey(f"{what} is missing or is no name: {value[:80]!r}.")
        return cls(domain.lower(), selector, _key(pem))

    @property
    def algorithm(self) -> str:
        return "rsa-sha256" if isinstance(self.key, RSAPrivateKey) else "ed25519-sha256"

    @property
    def record(self) -> str:
        """What the DNS must say at `selector._domainkey.domain`."""
        public = self.key.public_key()
        if isinstance(self.key, RSAPrivateKey):
            kind, data = "rsa", public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        else:
            kind, data = "ed25519", public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return f"v=DKIM1; k={kind}; p={b64encode(data).decode()}"

    def sign(self, content: bytes, at: datetime) -> bytes:
        """The mail with the signature as its first header."""
        head, _, body = content.partition(b"\r\n\r\n")
        present = _headers(head)
        signed = [name for place, name in enumerate(SIGNED) if name in present or place < 2]
        field = self._field(signed, _body_hash(body), at)
        lines = _in_order(signed, present)
        data = b"".join(lines) + _relaxed(field)
        signature = _folded(b64encode(self._raw(data)))
        return field + signature + b"\r\n" + content

    def _field(self, signed: list[bytes], body_hash: bytes, at: datetime) -> bytes:
        return (
            f"DKIM-Signature: v=1; a={self.algorithm}; c=relaxed/relaxed; d={self.domain}; s={self.selector};\r\n"
            f" t={int(at.timestamp())}; q=dns/txt; bh={body_hash.decode()};\r\n"
            f" h={_names(signed)};\r\n b="
        ).encode()

    def _raw(self, data: bytes) -> bytes:
        if isinstance(self.key, RSAPrivateKey):
            return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        return self.key.sign(hashlib.sha256(data).digest())


def pem_of(text: str, file: str) -> str:
    """From the setting or, when that is empty, from the file. Raises BadKey."""
    if text or not file:
        return text
    try:
        return Path(file).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise BadKey(f"The file with the DKIM key cannot be read: {file[:200]}.") from error


def _key(pem: str) -> RSAPrivateKey | Ed25519PrivateKey:
    try:
        key = load_pem_private_key(pem.replace("\\n", "\n").encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BadKey("The DKIM key is no private key in PEM without a password.") from error
    if isinstance(key, Ed25519PrivateKey) or (isinstance(key, RSAPrivateKey) and key.key_size >= LEAST_BITS):
        return key
    raise BadKey(f"The DKIM key must be RSA of at least {LEAST_BITS} bits, or Ed25519.")


def _headers(head: bytes) -> dict[bytes, bytes]:
    """Lower-case name -> canonical line; each of ours stands once."""
    found = {}
    for line in FOLD.sub(b"", head).split(b"\r\n"):
        name, _, value = line.partition(b":")
        found[name.strip().lower()] = SPACES.sub(b" ", value).strip()
    return found


def _in_order(signed: list[bytes], present: dict[bytes, bytes]) -> list[bytes]:
    """A name that stands more often in the list than in the mail counts as empty the second time."""
    lines, left = [], dict(present)
    for name in signed:
        value = left.pop(name, None)
        if value is not None:
            lines.append(name + b":" + value + b"\r\n")
    return lines


def _relaxed(field: bytes) -> bytes:
    name, _, value = FOLD.sub(b"", field).partition(b":")
    return name.lower() + b":" + SPACES.sub(b" ", value).strip()


def _body_hash(body: bytes) -> bytes:
    relaxed = SPACE_AT_END.sub(b"\r\n", SPACES.sub(b" ", body) + b"\r\n").rstrip(b"\r\n")
    return b64encode(hashlib.sha256(relaxed + b"\r\n" if relaxed else b"").digest())


def _names(signed: list[bytes]) -> str:
    half = len(signed) // 2
    return ":\r\n ".join(b":".join(part).decode() for part in (signed[:half], signed[half:]))


def _folded(signature: bytes) -> bytes:
    return b"\r\n ".join(signature[start : start + 72] for start in range(0, len(signature), 72))
