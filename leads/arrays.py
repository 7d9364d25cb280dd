"""Columns of many rows as arrays: the server packs each column into one binary array, so that the answer is one row.

Numpy reads arrays of numbers in place; one Python tuple a row would cost many times what is done with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import psycopg
from django.db import connection
from psycopg import adapt
from psycopg.abc import Transformer
from psycopg.pq import Format

EPOCH_2000 = 946_684_800_000_000  # PostgreSQL counts microseconds from 2000-01-01, we from 1970
NO_INSTANT = (1 << 63) - 1  # infinity
HEADER = 20  # bytes of a binary array before its first element; each element is its length and its value
WORDS = ""  # in place of a kind: anything, as a list of Python values


PEOPLE = (
    "SELECT array_agg(id) FROM (SELECT id FROM leads_lead WHERE id > %s AND merged_into_id IS NULL"
    " ORDER BY id LIMIT %s) people"
)


def people(size: int) -> Iterator[np.ndarray]:
    """The ids of everybody, ascending, so many at a time; merged leads are left out."""
    last = 0
    while len(ids := arrays(PEOPLE, [">i8"], [last, size])[0][0]):
        yield ids
        last = int(ids[-1])


def arrays(
    query: str, kinds: Iterable[str], params: Sequence[Any], *, skip: int = 0
) -> list[list[np.ndarray]]:
    """The arrays of each row that the query gives, in native byte order. `kinds` are their elements' types on the
    wire, and no element is NULL; `skip` leaves out the first columns.
    """
    return mixed(query, kinds, params, skip=skip)


def mixed(query: str, kinds: Iterable[str], params: Sequence[Any], *, skip: int = 0) -> list[list[Any]]:
    """As `arrays`, where a kind may be WORDS: such a column becomes a list, in which None is NULL."""
    connection.ensure_connection()
    # Django's cursors merge parameters in the client, and such cursors cannot ask for binary results.
    with psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(query, params or None, binary=True)
        answer = cursor.pgresult
        assert answer is not None
        reading = adapt.Transformer(cursor)
        return [
            [
                _column(answer.get_value(row, place), kind)
                if kind
                else _words(reading, answer.ftype(place), answer.get_value(row, place))
                for place, kind in enumerate(kinds, skip)
            ]
            for row in range(answer.ntuples)
        ]


def _column(raw: bytes | None, kind: str) -> np.ndarray:
    """A column that nobody has rows for is NULL, and empty here."""
    elements = np.frombuffer(raw or bytes(HEADER), dtype=[("length", ">i4"), ("value", kind)], offset=HEADER)
    return elements["value"].astype(np.dtype(kind).newbyteorder("="))


def _words(reading: Transformer, kind: int, raw: bytes | None) -> list[Any]:
    return [] if raw is None else reading.get_loader(kind, Format.BINARY).load(raw)
