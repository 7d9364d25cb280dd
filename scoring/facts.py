"""What leads did, read for scoring: from the covering index alone, as arrays.

The server packs each column of a batch into one binary array, so a batch is one row whose columns numpy reads in
place. One message or one Python tuple per activity would cost many times the scoring itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import orjson
from django.db import connection

from leads.arrays import EPOCH_2000, arrays
from leads.partitions import month_end, months_made
from leads.spans import is_dense
from scoring.batch import Facts
from scoring.course import FOREVER, reach_by_kind, reaches_of
from scoring.language import Fact, Model, Shape

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
BEGINNING = datetime(1, 1, 2, tzinfo=UTC)  # before every activity

COMMON = {"occurred_at": ">i8", "seconds": ">i4"}
AMOUNT = {"amount": ">i8"}
FEW = {"lead_id": ">i8", "shape_id": ">i4"} | COMMON
ONE = {"shape_id": ">i4"} | COMMON | AMOUNT | {"id": ">i8"}
REACHED = (
    "SELECT array_agg(shape_id), array_agg(occurred_at), array_agg(seconds), array_agg(amount), array_agg(id) FROM ("
    " SELECT a.shape_id, a.occurred_at, a.seconds, a.amount, a.id FROM leads_activity a"
    " JOIN leads_activityshape s ON s.id = a.shape_id"
    " JOIN unnest(%s::text[], %s::timestamptz[]) AS k(kind, since) ON k.kind = s.kind AND a.occurred_at > k.since"
    " WHERE a.lead_id = %s AND a.occurred_at <= %s AND NOT s.machine ORDER BY a.occurred_at, a.id) facts"
)
# In a range the lead's place and the shape share a number: one column less to pack, to send and to unpack.
RANGE = {"(lead_id - {first}) << 32 | shape_id": ">i8"} | COMMON
SHAPE_BITS = (1 << 32) - 1
KEPT = "CASE WHEN shape_id < %s THEN get_bit(%s::bytea, shape_id) = 0 ELSE true END"

THIN = (
    16  # to read what still counts of so many neighbours takes no longer than to look for one lead among them
)

Idle = Callable[[int], np.ndarray]


def of_leads(lead_ids: np.ndarray, *, amounts: bool = True, idle: Idle | None = None) -> Facts:
    """Everything these leads (ascending ids) ever did, future-dated facts included; row i is lead i.

    Without `amounts` they stay out, for a model that compares none. `idle(end)` names shapes that no rule counts
    when they happened before `end` (microseconds); their facts may stay out, so the server need not send them.
    """
    near = is_dense(lead_ids) or (idle is not None and is_dense(lead_ids, THIN))
    return _of_range(lead_ids, amounts, idle) if near else of_few(lead_ids, amounts=amounts)


def of_few(lead_ids: np.ndarray, *, amounts: bool = True) -> Facts:
    """As `of_leads` for so few that a page may ask: nothing here loads numba."""
    columns = FEW | (AMOUNT if amounts else {})
    rows = "leads_activity WHERE lead_id = ANY(%s::bigint[])"
    lead, shape, at, seconds, *amount = _read([_arrays(columns, rows)], columns, [lead_ids.tolist()])[0]
    return Facts(
        at=at + EPOCH_2000,
        shape=shape,
        seconds=seconds,
        amount=amount[0] if amount else None,
        starts=np.searchsorted(lead, lead_ids, "left"),
        stops=np.searchsorted(lead, lead_ids, "right"),
    )


def _of_range(lead_ids: np.ndarray, amounts: bool, idle: Idle | None) -> Facts:
    """Each month in the order of its index, then put together here: one order over all months costs the server more."""
    from scoring import sorting  # late, as it loads numba

    first, last = int(lead_ids[0]), int(lead_ids[-1])
    columns = {name.format(first=first): kind for name, kind in (RANGE | (AMOUNT if amounts else {})).items()}
    wanted = f"WHERE lead_id BETWEEN {first} AND {last} AND {KEPT}"
    months = months_made()
    if not months:
        return of_few(lead_ids, amounts=amounts)
    left_out = _left_out(months, idle)
    parts = _read([_arrays(columns, f"{month} {wanted}") for month in months], columns, left_out)
    key, *values = [np.concatenate(column) for column in zip(*parts, strict=True)]
    place = key >> 32
    starts = sorting.starts_of(place, last - first + 1)
    to = sorting.places_of(place, starts)
    shape, at, seconds, *amount = [sorting.moved(value, to) for value in (key & SHAPE_BITS, *values)]
    rows = lead_ids - first
    return Facts(
        at=at + EPOCH_2000,
        shape=shape.astype(np.int32),
        seconds=seconds.astype(np.int32),
        amount=amount[0] if amount else None,
        starts=starts[rows],
        stops=starts[rows + 1],
    )


def _left_out(months: Sequence[str], idle: Idle | None) -> list[Any]:
    """For each month how many shapes the answer speaks of, and a bit for each that is left out. A list of thousands
    of numbers would take longer to plan than a month to read.
    """
    if idle is None:
        return [0, b""] * len(months)
    return [part for month in months for part in _bits(idle(microseconds(month_end(month))))]


def _bits(shape_ids: np.ndarray) -> tuple[int, bytes]:
    """As the server's `get_bit` counts them."""
    bits = np.zeros(int(shape_ids.max(initial=-1)) + 1, bool)
    bits[shape_ids] = True
    return len(bits), np.packbits(bits, bitorder="little").tobytes()


def _arrays(columns: Iterable[str], rows: str) -> str:
    """A query for one row that holds each column as an array, sorted by lead and time."""
    named = [f"{sql} AS v{place}" for place, sql in enumerate(columns)]
    packed = ", ".join(f"array_agg(v{place})" for place in range(len(named)))
    ordered = f"SELECT {', '.join(named)} FROM {rows} ORDER BY lead_id, occurred_at, id"  # noqa: S608  own names
    return f"SELECT {packed} FROM ({ordered}) facts"  # noqa: S608


def _read(
    queries: Sequence[str], columns: Mapping[str, str], params: Sequence[Any]
) -> list[list[np.ndarray]]:
    """For each query its columns; one round trip and one snapshot for all of them."""
    numbered = [f"SELECT {place}::int, q.* FROM ({query}) q" for place, query in enumerate(queries)]  # noqa: S608
    return arrays(" UNION ALL ".join(numbered) + " ORDER BY 1", columns.values(), params, skip=1)


def shapes(ids: Iterable[int]) -> dict[int, Shape]:
    """By id. An id that no shape has yet is left out."""
    return _shapes("id = ANY(%s)", [list(ids)])


def shapes_of_kind(kind: str) -> dict[int, Shape]:
    """Those that people made."""
    return _shapes("kind = %s AND NOT machine", [kind])


def _shapes(where: str, params: list[Any]) -> dict[int, Shape]:
    with connection.cursor() as cursor:
        query = f"SELECT id, kind, props, machine FROM leads_activityshape WHERE {where}"  # noqa: S608  own words
        cursor.execute(query, params)
        return {
            pk: Shape(kind, {name: _text(v) for name, v in orjson.loads(props).items()}, machine)
            for pk, kind, props, machine in cursor.fetchall()
        }


def shapes_after(shape_id: int) -> dict[int, Shape]:
    """All with a higher id. A lower one may still be saved by a slower writer."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM leads_activityshape WHERE id > %s", [shape_id])
        return shapes(row[0] for row in cursor.fetchall())


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else str(value)


def that_matter(lead_id: int, model: Model, until: datetime) -> tuple[dict[int, Shape], list[Fact]]:
    """One lead's facts that rules of the model can still look at, oldest first, and their shapes.

    The server leaves out by kind and age what no rule reaches: that spares most of a long history, and its shapes.
    """
    kinds = reach_by_kind(model)
    since = [until - MICROSECOND * reach if reach < FOREVER else BEGINNING for reach in kinds.values()]
    shape, at, seconds, amount, ids = arrays(REACHED, ONE.values(), [list(kinds), since, lead_id, until])[0]
    known, places = np.unique(shape, return_inverse=True)
    found = shapes(known.tolist())
    reaches = np.array(reaches_of(model, (found[pk] for pk in known.tolist())), np.int64)
    near = microseconds(until) - EPOCH_2000 - at < reaches[places]
    parts = (part[near].tolist() for part in (shape, at + EPOCH_2000, seconds, amount, ids))
    return found, [Fact(*values) for values in zip(*parts, strict=True)]


def microseconds(moment: datetime) -> int:
    """Aware instant to whole microseconds since 1970 UTC; exact, where a float timestamp is not."""
    return (moment - EPOCH) // MICROSECOND


def instant(microseconds_since_1970: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds_since_1970)
