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
from leads.capture.limits import wait_for
from leads.capture.origins import may_send
from leads.capture.reading import BATCH_BYTES, BATCH_EVENTS, EVENT_BYTES, Refused, read_body, too_large
from leads.services.capture import Receipt, receive

logger = logging.getLogger(__name__)
CALLS = {"t": "track", "i": "identify", "p": "page", "s": "screen", "g": "group", "a": "alias", "b": "batch"}
CORS = {
    "Access-Control-Allow-Methods": "POST, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Content-Encoding",
    "Access-Control-Expose-Headers": "Retry-After",
    "Access-Control-Max-Age": "7200",
}
NOT_LISTED = "This web site may not send events. An admin lists it under Organisation, web sites."


@csrf_exempt  # no cookie is read here; the write key is the only right
def capture(request: HttpRequest, call: str) -> HttpResponse:
    """`POST /v1/<call>`, from servers and browsers alike. 2xx only once everything accepted is on disk."""
    answer = _answer_to(request, CALLS.get(call, call))
    if origin := request.headers.get("Origin"):
        answer["Vary"] = "Origin"
        if answer.status_code != 403:
            for name, value in (CORS | {"Access-Control-Allow-Origin": origin}).items():
                answer[name] = value
    return answer


def _answer_to(request: HttpRequest, call: str) -> HttpResponse:
    try:
        if not may_send(request):
            return _refusal(403, NOT_LISTED)
        if request.method == "OPTIONS":
            return HttpResponse(status=204)
        if request.method != "POST":
            return _refusal(405, "Send a POST request.", {"Allow": "POST, OPTIONS"})
        return _verdicts(_receive(request, call))
    except Refused as refusal:
        return _refusal(refusal.status, refusal.reason, refusal.headers)
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
    messages, call = (_batch(body), "") if call == "batch" else ([body], call)
    address = client_address(request) or ""
    _count(scope, address, len(messages))
    return receive(messages=messages, scope=scope, call=call, sent_at=body.get("sentAt"), address=address)


def _count(scope: str, address: str, events: int) -> None:
    wait = wait_for(key=scope, address=address, events=events)
    if wait:
        words = f"Too many events at once. Nothing was stored; send it again in {wait} seconds."
        raise Refused(429, words, {"Retry-After": str(wait)})


def _scope(secret: Any) -> str:
    pk = key_id(secret) if isinstance(secret, str) and secret else None
    if pk is None:
        words = "This write key is missing, unknown, expired or revoked. Nothing was stored."
        raise Refused(401, words, {"WWW-Authenticate": 'Basic realm="write key"'})
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
    return HttpResponse(orjson.dumps(body), status=status, content_type="application/json", headers=headers)
