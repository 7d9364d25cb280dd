"""Many rows in one statement. Triggers run as for single rows, so history is complete."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from django.db import connection


def json(value: Any) -> str:
    return orjson.dumps(value).decode()


def next_ids(table: str, number: int) -> list[int]:
    """Fresh primary keys, so that rows which refer to each other can be sent without asking back."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [table, number]
        )
        return [row[0] for row in cursor]


def copy_in(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """COPY: the fastest way in. The names are ours, never a caller's text."""
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)


def update_rows(table: str, types: dict[str, str], rows: Sequence[Sequence[Any]]) -> None:
    """UPDATE by id from one array per column; `types` names them in the order of a row, the id first."""
    if not rows:
        return
    names = list(types)
    unnest = ", ".join(f"%s::{kind}[]" for kind in types.values())
    sets = ", ".join(f"{name} = v.{name}" for name in names[1:])
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} t SET {sets} FROM unnest({unnest}) v({', '.join(names)})"  # noqa: S608  our own names
            " WHERE t.id = v.id",
            [list(column) for column in zip(*rows, strict=True)],
        )


def insert_rows(
    table: str, types: dict[str, str], rows: Sequence[Sequence[Any]], conflict: str = "", **same: str
) -> None:
    """INSERT from one array per column, with what to do on a conflict; `same` are SQL values equal in all rows."""
    unnest = ", ".join(f"%s::{kind}[]" for kind in types.values())
    names, given = ", ".join([*types, *same]), ", ".join(["v.*", *same.values()])
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({names}) SELECT {given} FROM unnest({unnest}) v {conflict}",  # noqa: S608
            [list(column) for column in zip(*rows, strict=True)],
        )
