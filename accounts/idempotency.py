"""A POST with an Idempotency-Key happens once, however often the network makes its sender repeat it.

The key is claimed, the work done and the answer kept in one transaction: a crash leaves none of them. Refusals
are not kept, so a corrected request may use the key again.
"""

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any

import orjson
from django.db import connection, transaction
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import ApiToken, IdempotencyKey

HEADER = "Idempotency-Key"
CLAIM = """
INSERT INTO accounts_idempotencykey (owner, key, fingerprint) VALUES (%s, %s, %s)
ON CONFLICT (owner, key) DO NOTHING RETURNING id
"""

Handler = Callable[..., Response]


class KeyReused(APIException):
    status_code = 422
    default_detail = "This Idempotency-Key was used for another request. Use a new key for new work."


def idempotent(handler: Handler) -> Handler:
    """For the POST methods of views."""

    @wraps(handler)
    def once(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get(HEADER, "")
        if not key:
            return handler(view, request, *args, **kwargs)
        if len(key) > 255 or not key.isprintable():
            raise ValidationError({HEADER: ["Use at most 255 printable characters."]})
        with transaction.atomic():
            return _once(request, key, lambda: handler(view, request, *args, **kwargs))

    return once


def _once(request: Request, key: str, handle: Callable[[], Response]) -> Response:
    """A second request with the key waits here for the first one's transaction."""
    owner, fingerprint = _owner(request), _fingerprint(request)
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, [owner, key, fingerprint])
        claimed = cursor.fetchone()
    if claimed is None:
        return _answer_again(IdempotencyKey.objects.get(owner=owner, key=key), fingerprint)
    response = handle()
    answer = orjson.loads(JSONRenderer().render(response.data) or b"null")
    IdempotencyKey.objects.filter(pk=claimed[0]).update(status=response.status_code, answer=answer)
    return response


def _answer_again(kept: IdempotencyKey, fingerprint: bytes) -> Response:
    if bytes(kept.fingerprint) != fingerprint:
        raise KeyReused
    return Response(kept.answer, status=kept.status, headers={"Idempotent-Replayed": "true"})


def _owner(request: Request) -> str:
    return f"token:{request.auth.pk}" if isinstance(request.auth, ApiToken) else f"user:{request.user.pk}"


def _fingerprint(request: Request) -> bytes:
    body = orjson.dumps(request.data, option=orjson.OPT_SORT_KEYS, default=str)
    return hashlib.sha256(f"{request.method} {request.path}\n".encode() + body).digest()
