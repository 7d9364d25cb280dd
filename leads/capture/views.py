"""The doors of the events API. Thin: read the body, check the key, hand over, answer with the verdicts."""

import logging
from http.client import responses
from typing import Any

import orjson
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from accounts.addresses import client_address
from leads.capture.keys import key_id, key_in_header
from leads.capture.reading import BATCH_BYTES, BATCH_EVENTS, EVENT_BYTES, Refused, read_body, too_large
from leads.services.capture import Receipt, receive

logger = logging.getLogger(__name__)
CALLS = {"t": "track", "i": "identify", "p": "page", "s": "screen", "g": "group", "a": "alias", "b": "batch"}
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Content-Encoding",
    "Access-Control-Max-Age": "86400",
}


@csrf_exempt  # no cookie is read here; the write key is the only right
def capture(request: HttpRequest, call: str) -> HttpResponse:
    """`POST /v1/<call>`, from servers and browsers alike. 2xx only once everything accepted is on disk."""
    if request.method == "OPTIONS":
        return HttpResponse(status=204, headers=CORS)
    if request.method != "POST":
        return _refusal(405, "Send a POST request.", {"Allow": "POST, OPTIONS"})
    try:
        return _verdicts(_receive(request, CALLS.get(call, call)))
    except Refused as refusal:
        headers = {"WWW-Authenticate": 'Basic realm="write key"'} if refusal.status == 401 else {}
        return _refusal(refusal.status, refusal.reason, headers)
    except (OperationalError, InterfaceError) as error:
        logger.error("events refused, database unavailable: %s", error)
        words = "The database is not reachable. Nothing was stored; send it again."
        return _refusal(503, words, {"Retry-After": "10"})


def _receive(request: HttpRequest, call: str) -> Receipt:
    key = key_in_header(request)
    scope = _scope(key) if key else ""
    limit = BATCH_BYTES if call == "batch" else EVENT_BYTES
    body = read_body(_raw(request, limit), limit=limit)
    if not isinstance(body, dict):
        raise Refused(400, "The body must be a JSON object.")
    scope = scope or _scope(body.get("writeKey"))
    address = client_address(request) or ""
    if call == "batch":
        return receive(messages=_batch(body), scope=scope, sent_at=body.get("sentAt"), address=address)
    return receive(messages=[body], scope=scope, call=call, sent_at=body.get("sentAt"), address=address)


def _scope(secret: Any) -> str:
    pk = key_id(secret) if isinstance(secret, str) and secret else None
    if pk is None:
        raise Refused(401, "This write key is missing, unknown, expired or revoked. Nothing was stored.")
    return f"write key {pk}"


def _raw(request: HttpRequest, limit: int) -> bytes:
    """At most one byte more than allowed, however much was announced."""
    if request.META.get("wsgi.input_terminated") and not request.META.get("CONTENT_LENGTH"):
        raw = request.META["wsgi.input"].read(limit + 1)  # chunked: Django reads nothing without a length
    else:
        raw = request.read(limit + 1)
    if len(raw) > limit:
        too_large(limit)
    return raw


def _batch(body: dict[str, Any]) -> list[Any]:
    batch = body.get("batch")
    if not isinstance(batch, list) or not batch:
        raise Refused(400, "batch must be a list with at least one message.")
    if len(batch) > BATCH_EVENTS:
        raise Refused(413, f"A batch holds at most {BATCH_EVENTS} messages. Send smaller batches.")
    return batch


def _verdicts(receipt: Receipt) -> HttpResponse:
    """2xx when anything is on disk; otherwise the status of what was wrong."""
    body: dict[str, Any] = {
        "success": not receipt.nothing_stored,
        "accepted": receipt.accepted,
        "duplicates": receipt.duplicates,
        "rejected": receipt.rejected,
    }
    if receipt.dropped:
        body["dropped"] = receipt.dropped
    return _answer(body, receipt.status if receipt.nothing_stored else 200)


def _refusal(status: int, reason: str, headers: dict[str, str] | None = None) -> HttpResponse:
    """`code` and `message` are read by SDKs: without them rudder-sdk-python takes a 401 for a lost connection."""
    code = responses[status].lower().replace(" ", "_")
    return _answer({"success": False, "error": reason, "code": code, "message": reason}, status, headers)


def _answer(body: dict[str, Any], status: int, headers: dict[str, str] | None = None) -> HttpResponse:
    return HttpResponse(
        orjson.dumps(body), status=status, content_type="application/json", headers=CORS | (headers or {})
    )
