"""Counts that stay cheap: each stops at a limit, and all are asked in one round trip."""

from collections.abc import Mapping
from typing import Any

from django.db import connection
from django.db.models import QuerySet

MOST = 500  # a reader needs no more, and each one counted is a row read


def counts(questions: Mapping[str, QuerySet], most: int = MOST) -> dict[str, int]:
    """How many rows each question finds, at most `most` + 1; 1 query for all."""
    if not questions:
        return {}
    parts: list[str] = []
    values: list[Any] = []
    for rows in questions.values():
        sql, params = rows.order_by().values("pk")[: most + 1].query.sql_with_params()
        parts.append("(SELECT count(*) FROM (" + sql + ") AS counted)")  # noqa: S608
        values.extend(params)
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(parts), values)
        found = cursor.fetchone()
    return dict(zip(questions, found, strict=True))


def words(count: int, most: int = MOST) -> str:
    return f"{most:,}+" if count > most else f"{count:,}"
