"""What leads did, read for scoring: from the covering index alone, as arrays.

The server packs each column of a batch into one binary array, so a batch is one row whose columns numpy reads in
place. One message or one Python tuple per activity would cost many times the scoring itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import psycopg
from django.db import connection

from leads.models import Activity, ActivityShape
from scoring.batch import Facts
from scoring.language import Fact, Shape

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

EPOCH_2000 = 946_684_800_000_000  # PostgreSQL counts microseconds from 2000-01-01, the language from 1970
TYPES = (
    ("lead_id", ">i8"),
    ("shape_id", ">i4"),
    ("occurred_at", ">i8"),
    ("seconds", ">i4"),
    ("amount", ">i8"),
)
HEADER = 20  # bytes of a binary array before its first element; each element is its length and its value


def of_leads(lead_ids: np.ndarray) -> Facts:
    """Everything these leads (ascending ids) ever did, future-dated facts included; row i is lead i."""
    dense = len(lead_ids) and len(lead_ids) * 2 > lead_ids[-1] - lead_ids[0]
    where = (
        ("WHERE lead_id BETWEEN %s AND %s", int(lead_ids[0]), int(lead_ids[-1]))
        if dense
        else ("WHERE lead_id = ANY(%s::bigint[])", lead_ids.tolist())
    )
    lead, shape, at, seconds, amount = _read(*where)
    return Facts(
        at=at + EPOCH_2000,
        shape=shape,
        seconds=seconds,
        amount=amount,
        starts=np.searchsorted(lead, lead_ids, "left"),
        stops=np.searchsorted(lead, lead_ids, "right"),
    )


def _read(where: str, *params: Any) -> list[np.ndarray]:
    """The columns of TYPES in native byte order, sorted by lead and time."""
    wanted = ", ".join(f"array_agg({name})" for name, _ in TYPES)
    names = ", ".join(name for name, _ in TYPES)
    ordered = f"SELECT {names} FROM leads_activity {where} ORDER BY lead_id, occurred_at, id"  # noqa: S608  own names
    connection.ensure_connection()
    # Django's cursors merge parameters in the client, and such cursors cannot ask for binary results.
    with psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(f"SELECT {wanted} FROM ({ordered}) facts", params, binary=True)  # noqa: S608
        answer = cursor.pgresult
        assert answer is not None
        return [_column(answer.get_value(0, i), kind) for i, (_, kind) in enumerate(TYPES)]


def _column(raw: bytes | None, kind: str) -> np.ndarray:
    """A column that nobody has rows for is NULL, and empty here."""
    elements = np.frombuffer(raw or bytes(HEADER), dtype=[("length", ">i4"), ("value", kind)], offset=HEADER)
    return elements["value"].astype(np.dtype(kind).newbyteorder("="))


def shapes(ids: Iterable[int]) -> dict[int, Shape]:
    """By id. An id that no shape has yet is left out."""
    rows = ActivityShape.objects.filter(pk__in=list(ids)).values_list("pk", "kind", "props", "machine")
    return {
        pk: Shape(kind, {name: _text(v) for name, v in props.items()}, machine)
        for pk, kind, props, machine in rows
    }


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else str(value)


def of_lead(lead_id: int, until: datetime | None = None) -> list[Fact]:
    """One lead's facts for the oracle, oldest first; with ids, so that an explanation can point at rows."""
    rows = Activity.objects.filter(lead_id=lead_id).order_by("occurred_at", "id")
    if until is not None:
        rows = rows.filter(occurred_at__lte=until)
    return [
        Fact(shape_id=shape, occurred_at=microseconds(at), seconds=seconds, amount=amount, id=pk)
        for shape, at, seconds, amount, pk in rows.values_list(
            "shape_id", "occurred_at", "seconds", "amount", "id"
        )
    ]


def microseconds(moment: datetime) -> int:
    """Aware instant to whole microseconds since 1970 UTC; exact, where a float timestamp is not."""
    return (moment - EPOCH) // MICROSECOND


def instant(microseconds_since_1970: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds_since_1970)
