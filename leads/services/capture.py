"""Takes messages of the events API in: checks each, finds who it is about, stores what is new.

One transaction for a whole request, or for several that bring one message each; saved before the senders get their
answers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import uuid4

from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone

from leads.capture.segment import BadMessage, Message, Reader
from leads.machines.rules import Rules
from leads.merging import Claim
from leads.models import CustomField, FieldSource, Lead
from leads.services import activities, hits, page_views, people
from leads.services.activities import NewActivity, record_activities, record_and_tell
from leads.services.identity import MergeRefused, resolve
from leads.services.together import Together

RETRIES = 4
WAIT = 0.02  # seconds, doubled with each retry
CUSTOM_FOR = 5.0  # seconds a process remembers which custom fields and which rules about visitors there are

Outcome = TypeVar("Outcome")
Said = tuple[int, dict[str, Any], datetime]  # lead id, field values, when they were said


@dataclass
class Receipt:
    """What became of each message. `status` is what the worst refusal would answer if it stood alone."""

    accepted: int = 0
    duplicates: int = 0
    rejected: list[dict[str, Any]] = field(default_factory=list)
    dropped: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200

    @property
    def nothing_stored(self) -> bool:
        return bool(self.rejected) and not (self.accepted or self.duplicates)

    def reject(self, index: int, message: Any, error: BadMessage) -> None:
        name = message.get("messageId") if isinstance(message, dict) else None
        shown = _sayable(name[:100]) if isinstance(name, str) else None
        self.rejected.append({"index": index, "messageId": shown, "reason": _sayable(str(error))})
        self.status = max(self.status, error.status)


def _sayable(text: str) -> str:
    """Half a surrogate pair cannot be written as UTF-8; the answer must still reach its sender."""
    return text.encode("utf-8", "replace").decode()


def receive(
    *, messages: Sequence[Any], scope: str, call: str = "", sent_at: Any = None, address: str = ""
) -> Receipt:
    """Store what can be stored and name the rest. `scope` keeps message ids of different write keys apart.

    Saved when it returns. Two requests about the same people wait for each other, or try again.
    """
    receipt = Receipt()
    good = _read(messages, call, sent_at, receipt, address)
    happened = sum(bool(message.kind) for message in good)
    new = _SINGLES.save(good[0], scope) if len(messages) == len(good) == 1 else _save(good, scope)
    receipt.accepted, receipt.duplicates = len(good) - happened + new, happened - new
    return receipt


def _save(messages: Sequence[Message], scope: str) -> int:
    return _repeating(lambda: record_activities(_store(messages, scope)))


def _save_singles(messages: Sequence[Message], scope: str) -> list[int]:
    """Messages of as many requests: for each, whether its activity was new."""
    fresh = _repeating(lambda: record_and_tell(_store(messages, scope)))
    seen: set[bytes] = set()
    new = []
    for message in messages:
        key = activities.message_key(scope, message.message_id) if message.message_id else b""
        new.append(int(bool(message.kind) and (not key or (key in fresh and key not in seen))))
        seen.add(key)
    return new


_SINGLES: Together[Message, int] = Together(_save_singles)


def _repeating(store: Callable[[], Outcome]) -> Outcome:
    """In a transaction of its own, and again when it met somebody who was at the same people."""
    for attempt in range(RETRIES):
        try:
            with transaction.atomic():
                return store()
        except (OperationalError, IntegrityError, MergeRefused) as error:
            if attempt == RETRIES - 1 or not _worth_repeating(error):
                raise
            time.sleep(WAIT * 2**attempt)
    raise AssertionError


def _read(messages: Sequence[Any], call: str, sent_at: Any, receipt: Receipt, address: str) -> list[Message]:
    now = timezone.now()
    reader = Reader(received_at=now, sent_at=sent_at, custom=_custom_types, address=address, rules=_rules())
    good = []
    for index, message in enumerate(messages):
        try:
            read = reader.read(message, call)
            _check(read, now + activities.AHEAD)
        except BadMessage as error:
            receipt.reject(index, message, error)
            continue
        good.append(read)
        if read.dropped:
            receipt.dropped.append(
                {"index": index, "messageId": read.message_id or None, "traits": list(read.dropped)}
            )
    return good


def _check(message: Message, latest: datetime) -> None:
    """Calls that only tell who somebody is have no kind, but an instant like the others."""
    kind = message.kind or "note"
    refusal = activities.check(kind=kind, occurred_at=message.occurred_at, latest=latest)
    if refusal:
        raise BadMessage(refusal)


def _store(messages: Sequence[Message], scope: str) -> list[NewActivity]:
    """Everything but the activities, which are left to the caller."""
    lead_ids = resolve(messages)
    _update_fields(
        [
            (lead_id, message.fields, message.occurred_at)
            for lead_id, message in zip(lead_ids, messages, strict=True)
            if message.fields
        ]
    )
    happened = [
        (lead_id, _named(message))
        for lead_id, message in zip(lead_ids, messages, strict=True)
        if message.kind
    ]
    page_views.keep(happened, scope)
    return [
        NewActivity(
            lead_id,
            message.kind,
            message.occurred_at,
            message.props,
            message.seconds,
            message.amount,
            message.message_id,
            message.met is not None,
            scope,
        )
        for lead_id, message in happened
    ]


def _named(message: Message) -> Message:
    """What a machine did has a name, so that it can be found when somebody says that it was a person."""
    if message.met is None or message.message_id:
        return message
    return message._replace(message_id=f"hit:{uuid4()}")


def _update_fields(said: Sequence[Said]) -> None:
    """One round a day of the senders' clocks: live traffic is one round, a replay of history keeps its dates."""
    days: dict[date, list[Said]] = {}
    for row in _without_known_addresses(said):
        days.setdefault(row[2].date(), []).append(row)
    for _, rows in sorted(days.items()):
        merged: dict[int, dict[str, Any]] = {}
        for lead_id, values, _ in sorted(rows, key=lambda row: row[2]):
            merged.setdefault(lead_id, {}).update(values)
        claim = Claim(FieldSource.API.value, max(at for _, _, at in rows))
        people.update_many(updates=sorted(merged.items()), claim=claim)


def _without_known_addresses(said: Sequence[Said]) -> list[Said]:
    """A write key is public: it may tell an address we did not know, and never replace one that we do."""
    if not said:
        return []
    ids = {lead_id for lead_id, _, _ in said}
    known = set(Lead.objects.filter(pk__in=ids).exclude(email=None).values_list("pk", flat=True))
    rest = [
        (lead_id, {key: value for key, value in values.items() if key != "email" or lead_id not in known}, at)
        for lead_id, values, at in said
    ]
    return [row for row in rest if row[1]]


def _worth_repeating(error: Exception) -> bool:
    """A deadlock, or somebody made or merged the same person between our look and our insert."""
    if isinstance(error, OperationalError):
        return getattr(error.__cause__, "sqlstate", "") in {"40001", "40P01"}
    return True


_custom: list[tuple[float, Mapping[str, str]]] = []


def _custom_types() -> Mapping[str, str]:
    if not _custom or _custom[-1][0] < time.monotonic():
        types = dict(CustomField.objects.values_list("key", "type"))
        _custom[:] = [(time.monotonic() + CUSTOM_FOR, types)]
    return _custom[-1][1]


_known_rules: list[tuple[float, Rules]] = []


def _rules() -> Rules:
    if not _known_rules or _known_rules[-1][0] < time.monotonic():
        _known_rules[:] = [(time.monotonic() + CUSTOM_FOR, hits.rules())]
    return _known_rules[-1][1]


def forget_custom_fields() -> None:
    """For tests that add one, or a rule about visitors, and look at once."""
    _custom.clear()
    _known_rules.clear()
