"""A request body, whatever its label says, as Python values.

Source  real SDKs send JSON as application/json, text/plain and form-urlencoded, gzipped or not
Units   bytes, counted after inflating; a gzip bomb is stopped at the limit and never unpacked
Errors  Refused, with the status and the reason to answer
"""

import json
import zlib
from typing import Any, NoReturn

import orjson

EVENT_BYTES = 32 * 1024
BATCH_BYTES = 500 * 1024
BATCH_EVENTS = 2_500
DEPTH = 10  # the event itself is the first level

GZIP = b"\x1f\x8b"


class Refused(Exception):
    """Nothing of the request was stored; `reason` says what was wrong and what to do."""

    def __init__(self, status: int, reason: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(reason)
        self.status, self.reason, self.headers = status, reason, headers


class _NotJson:
    """Stands where a body said NaN or Infinity; the event that holds it is refused by name."""


def read_body(raw: bytes, *, limit: int) -> Any:
    """The JSON in `raw`, which may be gzipped. Raises Refused."""
    body = _inflate(raw, limit) if raw[:2] == GZIP else raw
    if len(body) > limit:
        too_large(limit)
    if not body.strip():
        raise Refused(400, "The body is empty. Send JSON.")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        return _read_leniently(body, str(error))


def too_large(limit: int) -> NoReturn:
    raise Refused(413, f"The body is larger than {limit // 1024} kB after unpacking. Send smaller batches.")


def _inflate(raw: bytes, limit: int) -> bytes:
    inflater = zlib.decompressobj(wbits=31)
    try:
        body = inflater.decompress(raw, limit + 1)
    except zlib.error as error:
        raise Refused(400, f"The gzip data is damaged: {error}.") from error
    if len(body) > limit:
        too_large(limit)
    if not inflater.eof:
        raise Refused(400, "The gzip data ends too early.")
    return body


def _read_leniently(body: bytes, complaint: str) -> Any:
    """Half a surrogate pair or a NaN spoils one event, not the whole batch, so read on; else refuse."""
    try:
        return json.loads(body, parse_constant=lambda name: _NotJson())
    except (ValueError, RecursionError) as error:
        raise Refused(400, f"The body is not JSON: {complaint}.") from error
