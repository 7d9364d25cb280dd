"""One event of a mail service as it is kept: anymail's normal form, whose mail it is about, and what it means.

Pure: the service's own words in, an Event out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from nurturing.esp.words import DEAD, HARD_WORDS, KEY, MACHINE_WORDS, NESTED, SOFT_WORDS
from nurturing.returned.verdicts import HARD, judged


class Event(NamedTuple):
    service: str
    kind: str  # as in anymail.signals.EventType
    digest: bytes
    recipient: str = ""
    reason: str = ""  # as in anymail.signals.RejectReason
    at: datetime | None = None
    event_id: str = ""
    remote_id: str = ""
    key: UUID | None = None  # of our message
    words: str = ""
    url: str = ""
    agent: str = ""
    machine: bool = False
    dead: bool = False  # of a bounce: the address will not work again


def event_of(service: str, told: Any) -> Event:
    """`told`: anymail's AnymailTrackingEvent."""
    raw = _flat(told.esp_event)
    words = _text(told.mta_response) or _text(told.description)
    at = told.timestamp if isinstance(told.timestamp, datetime) and told.timestamp.tzinfo else None
    event = Event(
        service=service,
        kind=_text(told.event_type)[:20] or "unknown",
        digest=b"",
        recipient=_text(told.recipient)[:254],
        reason=_text(told.reject_reason)[:20],
        at=at,
        event_id=_text(told.event_id)[:200],
        remote_id=_text(told.message_id)[:200],
        key=_key(told.metadata),
        words=words[:300],
        url=_text(told.click_url)[:2000],
        agent=_text(told.user_agent)[:500],
        machine=_says(raw, MACHINE_WORDS),
    )
    return event._replace(digest=_digest(event, raw), dead=_is_dead(event, raw))


def _is_dead(event: Event, raw: Mapping[str, str]) -> bool:
    """The service's own word first, then the code it was told, then anymail's reason."""
    if event.kind == "rejected":
        return event.reason in DEAD
    if event.kind != "bounced" or _says(raw, SOFT_WORDS):
        return False
    if _says(raw, HARD_WORDS) or event.reason == "invalid":
        return True
    if event.words:
        return judged(said=event.words, status=raw.get("status", "")).kind == HARD
    return event.reason in DEAD


def _digest(event: Event, raw: Mapping[str, str]) -> bytes:
    """The same for the same event, however often it comes: Mailgun's id is new at each try, others have none."""
    if event.event_id and event.service != "mailgun":
        named = [event.event_id]
    else:
        own = [raw.get(name, "") for name in ("id", "event", "type", "Type")]
        named = [*own, str(event.at), event.remote_id, event.url, event.agent, event.words, event.reason]
    facts = [event.service, event.kind, event.recipient.lower(), *named]
    return hashlib.sha256("\0".join(facts).encode("utf-8", "replace")).digest()


def _flat(raw: Any) -> dict[str, str]:
    """Names and values of an event and of its parts that matter."""
    if not isinstance(raw, Mapping):
        return {}
    found: dict[str, str] = {}
    for name, value in raw.items():
        if isinstance(value, Mapping) and name in NESTED:
            found |= _flat(value)
        elif isinstance(value, str | int | float):  # a bool is an int
            found[str(name)] = str(value)
    return found


def _says(raw: Mapping[str, str], words: Mapping[str, set[str]]) -> bool:
    return any(raw.get(name) in values for name, values in words.items())


def _key(metadata: Any) -> UUID | None:
    value = metadata.get(KEY) if isinstance(metadata, Mapping) else None
    try:
        return UUID(hex=value) if isinstance(value, str) else None
    except ValueError:
        return None


def _text(value: Any) -> str:
    """As PostgreSQL can keep it."""
    return "" if value is None else str(value).encode("utf-8", "replace").decode().replace("\0", "")
