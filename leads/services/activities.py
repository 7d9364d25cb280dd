"""What leads did: stored once each, in one statement for many, and noted for those who must look again."""

import hashlib
import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import orjson
from django.db import connection, transaction
from django.utils import timezone

from leads import partitions, shapes
from leads.events import LeadsTouched, publish
from leads.kinds import is_kind
from leads.models import Lead
from leads.services import arrays, opt_outs
from leads.services.shapes import other_shapes, shape_ids
from leads.services.touches import drain_touches, touch

__all__ = [
    "BadActivity",
    "NewActivity",
    "drain_touches",
    "record_activities",
    "record_activity",
    "record_and_tell",
    "touch",
]

AHEAD = timedelta(days=1)  # clocks are wrong by an hour or a zone, not by more
MOST_SECONDS = 86_400  # one occurrence; the scorer relies on it
MOST_AMOUNT = 10**15  # hundredths

STORE = """
WITH incoming AS (
    SELECT * FROM unnest(
        %s::uuid[], %s::bigint[], %s::integer[], %s::timestamptz[],
        %s::integer[], %s::bigint[], %s::text[], %s::text[]
    ) AS row (key, lead_id, shape_id, occurred_at, seconds, amount, message_id, props)
), fresh AS (
    INSERT INTO leads_messagekey (key) SELECT key FROM incoming ON CONFLICT DO NOTHING RETURNING key
), stored AS (
    INSERT INTO leads_activity
        (lead_id, subject_id, shape_id, occurred_at, seconds, amount, message_id, props)
    SELECT lead_id, lead_id, shape_id, occurred_at, seconds, amount, message_id, nullif(props, '')::jsonb
    FROM incoming JOIN fresh USING (key)
    RETURNING lead_id
), noted AS (
    INSERT INTO leads_touch (lead_id) SELECT DISTINCT lead_id FROM stored
)
SELECT count(*) FROM stored
"""
STORE_AND_TELL = STORE.replace("SELECT count(*) FROM stored", "SELECT array_agg(key) FROM fresh")


class BadActivity(ValueError):
    """Says in words which activity cannot be stored and why; nothing of its batch was saved."""


class NewActivity(NamedTuple):
    """`amount` in hundredths. `message_id` is unique within `scope` (a write key); empty for none."""

    lead_id: int
    kind: str
    occurred_at: datetime
    props: dict[str, Any]
    seconds: int = 0
    amount: int = 0
    message_id: str = ""
    machine: bool = False
    scope: str = ""


class _Row(NamedTuple):
    key: bytes  # 16 of them, a UUID to PostgreSQL
    lead_id: int
    shape: bytes
    occurred_at: datetime
    seconds: int
    amount: int
    message_id: str
    props: str  # JSON; empty for none


def record_activities(rows: Sequence[NewActivity], *, heed: bool = True) -> int:
    """Store what is new and say how many that were; a message id seen before changes nothing.

    Whoever says no to our mail is suppressed at once, unless the caller has seen to it (`heed` is off).
    Raises BadActivity for an unknown kind, or a time before 2000 or more than a day ahead.
    """
    return _record(rows, STORE, heed=heed) or 0


def record_and_tell(rows: Sequence[NewActivity]) -> frozenset[bytes]:
    """As `record_activities`, and says which were new, by their message keys."""
    return frozenset(key.bytes for key in _record(rows, STORE_AND_TELL) or ())


def _record(rows: Sequence[NewActivity], statement: str, *, heed: bool = True) -> Any:
    if not rows:
        return None
    latest = timezone.now() + AHEAD
    once: dict[bytes, _Row] = {}
    for activity in rows:
        row = _row(activity, latest)
        once.setdefault(row.key, row)
    # In the order of their keys: two batches with the same messages then wait, and never lock each other out.
    ordered = [once[key] for key in sorted(once)]
    with transaction.atomic(savepoint=False):
        partitions.ensure(row.occurred_at for row in ordered)
        stored = _store(ordered, statement)
        if stored:
            publish(LeadsTouched())
        if stored and heed:
            opt_outs.heed(opt_outs.opt_outs(rows))
    return stored


def record_activity(
    *,
    lead: Lead,
    kind: str,
    occurred_at: datetime | None = None,
    props: dict[str, Any] | None = None,
    seconds: int = 0,
    amount: int = 0,
    message_id: str = "",
    machine: bool = False,
) -> bool:
    """True if it is new. Without a time it happened now. Raises BadActivity."""
    moment = occurred_at or timezone.now()
    row = NewActivity(lead.pk, kind, moment, props or {}, seconds, amount, message_id, machine)
    return record_activities([row]) == 1


def check(*, kind: str, occurred_at: datetime, latest: datetime) -> str:
    """Why such an activity is refused, in words; empty when it is not."""
    if not is_kind(kind):
        return f"{kind[:80]!r} is not a kind of activity. Kinds of your own look like custom:name."
    if occurred_at < partitions.EARLIEST:
        return f"It is dated {occurred_at.isoformat()}, before the year 2000."
    if occurred_at > latest:
        return f"It is dated {occurred_at.isoformat()}, more than a day ahead."
    return ""


def message_key(scope: str, message_id: str) -> bytes:
    """The same 16 bytes for the same message of the same sender; a random key for one without a name."""
    if not message_id:
        return os.urandom(16)
    name = f"{scope}\n{message_id}".encode("utf-8", "replace")
    return hashlib.blake2b(name, digest_size=16).digest()


def _row(activity: NewActivity, latest: datetime) -> _Row:
    refusal = check(kind=activity.kind, occurred_at=activity.occurred_at, latest=latest)
    if refusal:
        raise BadActivity(refusal)
    shape, rest = _parts(activity)
    return _Row(
        message_key(activity.scope, activity.message_id),
        activity.lead_id,
        shape,
        activity.occurred_at,
        min(max(activity.seconds, 0), MOST_SECONDS),
        min(max(activity.amount, -MOST_AMOUNT), MOST_AMOUNT),
        activity.message_id[:100].replace(shapes.NUL, ""),
        rest,
    )


def _parts(activity: NewActivity) -> tuple[bytes, str]:
    """The canonical shape, and what the activity keeps as JSON."""
    shape, rest = shapes.part(activity.kind, activity.props)
    try:
        return shapes.canonical(activity.kind, shape, activity.machine), _json(rest)
    except TypeError:  # half a surrogate pair, an integer past 64 bits, a key that is no text
        return _parts(activity._replace(props=shapes.storable(activity.props)))


def _store(rows: list[_Row], statement: str) -> Any:
    ids = shape_ids(row.shape for row in rows)
    full = {row.shape for row in rows if row.shape not in ids}
    if full:
        ids |= other_shapes(full)
    with connection.cursor() as cursor:
        cursor.execute(statement, _columns(rows, ids, full))
        return cursor.fetchone()[0]


def _columns(rows: list[_Row], ids: dict[bytes, int], full: set[bytes]) -> list[str]:
    """The rows as one array for each column, in the order of the statement."""
    props = [_with_shape(row) if row.shape in full else row.props for row in rows] if full else None
    return [
        arrays.plain([row.key.hex() for row in rows]),
        arrays.plain([str(row.lead_id) for row in rows]),
        arrays.plain([str(ids[row.shape]) for row in rows]),
        arrays.plain([row.occurred_at.isoformat() for row in rows]),
        arrays.plain([str(row.seconds) for row in rows]),
        arrays.plain([str(row.amount) for row in rows]),
        arrays.texts([row.message_id for row in rows]),
        arrays.texts(props or [row.props for row in rows]),
    ]


def _json(props: dict[str, Any]) -> str:
    if not props:
        return ""
    text = orjson.dumps(props, default=str).decode()
    # PostgreSQL cannot store the character NUL inside jsonb.
    return text if "\\u0000" not in text else orjson.dumps(shapes.storable(props), default=str).decode()


def _with_shape(row: _Row) -> str:
    """The dictionary had no room: the activity itself keeps its kind and all its properties."""
    kind, _, shape = orjson.loads(row.shape)
    return _json({"kind": kind, **shape, **orjson.loads(row.props or "{}")})
