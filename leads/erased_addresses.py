"""Addresses of erased people, known again but never told: each is a keyed hash in the list of suppressions.

The hash stands as `<hash>@erased.invalid`, so that whatever looks an address up can look this one up beside it. In the
database it is worked out as HMAC-SHA256 from its definition, since PostgreSQL has SHA-256 and no HMAC of its own.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db.models import Exists, Func, OuterRef, Q, TextField
from django.db.models.functions import Lower

from leads.models import Suppression

DOMAIN = "erased.invalid"
BLOCK = 64  # bytes, of SHA-256


def disguised(address: str) -> str:
    return _disguised(_keys()[0], address)


def all_disguises(address: str) -> list[str]:
    """Also under former keys."""
    return [_disguised(key, address) for key in _keys()]


def known(addresses: Iterable[str]) -> set[str]:
    """Those of them that belonged to somebody who was erased."""
    by_disguise = {one: address for address in addresses if address for one in all_disguises(address)}
    rows = Suppression.objects.filter(address__in=by_disguise)
    return {by_disguise[found] for found in rows.values_list("address", flat=True)}


def erased(address: str) -> Exists:
    """`address` names a field of the outer query."""
    rows = Suppression.objects.annotate(key=Lower("address"))
    same = Q()
    for key in _keys():
        same |= Q(key=_Disguised(OuterRef(address), key))
    return Exists(rows.filter(same))


class _Disguised(Func):
    output_field = TextField()

    def __init__(self, address: object, key: bytes) -> None:
        padded = key.ljust(BLOCK, b"\0")
        self._pads = [bytes(byte ^ pad for byte in padded) for pad in (0x5C, 0x36)]
        super().__init__(address)

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **kwargs: Any) -> Any:
        address, params = compiler.compile(self.source_expressions[0])
        inner = f"sha256(%s::bytea || convert_to(lower({address}), 'UTF8'))"
        sql = f"encode(sha256(%s::bytea || {inner}), 'hex') || '@{DOMAIN}'"
        return sql, [*self._pads, *params]


def _disguised(key: bytes, address: str) -> str:
    return f"{hmac.new(key, address.strip().lower().encode(), hashlib.sha256).hexdigest()}@{DOMAIN}"


def _keys() -> list[bytes]:
    """The newest first. 32 bytes each, so that no key is hashed on its way into the HMAC."""
    secrets = [settings.TANDEM_ERASURE_KEY or settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [hashlib.sha256(f"erased addresses {secret}".encode()).digest() for secret in secrets]
