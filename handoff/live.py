"""Telling open pages that something happened, over Valkey's pub/sub.

A message carries ids only and may be lost: pages read what is true from the database, on the word of a message
or when they have not heard one for a while.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import lru_cache, partial
from hashlib import sha256
from typing import Any

import orjson
import redis
from django.conf import settings
from django.db import transaction
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)
PATIENCE = 0.5  # seconds; nobody waits long for a courtesy


def announce(*, users: Iterable[int], kind: str, **ids: int | str) -> None:
    """Tell the open pages of these users, once the transaction is saved. Never fails the caller."""
    told = sorted(set(users))
    if told:
        message = orjson.dumps({"users": told, "data": {"kind": kind, **ids}})
        transaction.on_commit(partial(_publish, message), robust=True)


def end_session(*, request: Any, **_signal: Any) -> None:
    """Somebody signed out: the streams of that session end with it."""
    if request is not None and request.session.session_key:
        _publish(orjson.dumps({"ended": digest(request.session.session_key)}))


def digest(session_key: str) -> str:
    return sha256(session_key.encode()).hexdigest()[:32]


def channel() -> str:
    """Pub/sub knows no databases, so two installations on one server are told apart by name."""
    return f"live:{connection().connection_pool.connection_kwargs.get('db') or 0}"


@lru_cache(maxsize=1)
def connection() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=PATIENCE,
        socket_timeout=PATIENCE,
        retry=Retry(NoBackoff(), 0),
    )


def _publish(message: bytes) -> None:
    try:
        connection().publish(channel(), message)
    except redis.RedisError as problem:
        logger.warning("live update not sent: %s", problem)
