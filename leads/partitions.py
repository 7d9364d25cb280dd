"""Months of activities: made ahead of time, and on demand for the past.

Activities before EARLIEST or more than a day ahead are refused at the door, so the number of months is bounded.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from functools import partial

from django.db import connection, transaction

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)

_known: set[str] = set()


def ensure(moments: Iterable[datetime]) -> None:
    """Make the months that hold these aware instants. Cheap when they exist: one look in a set per month."""
    for first in {date(m.year, m.month, 1) for m in (moment.astimezone(UTC) for moment in moments)}:
        name = f"leads_activity_{first:%Y_%m}"
        if name not in _known:
            _create(name, first)
            transaction.on_commit(partial(_known.add, name))  # a rollback takes the table away again


def month_end(name: str) -> datetime:
    """The first instant after the month whose activities this table holds."""
    year, month = map(int, name.rsplit("_", 2)[1:])
    return datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)


def _create(name: str, first: date) -> None:
    following = month_end(name).date()
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [name])
        if cursor.fetchone()[0] is None:
            # The advisory lock keeps two processes from making one month at once; freed at commit.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('leads_activity partitions'))")
            cursor.execute(
                f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF leads_activity"
                f" FOR VALUES FROM ('{first}+00') TO ('{following}+00')"
                # Vacuum early: index-only scans stay index-only.
                " WITH (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.1)"
            )


def months_made() -> list[str]:
    """The tables of the months, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'leads_activity'::regclass ORDER BY 1"
        )
        return [row[0] for row in cursor.fetchall()]


def forget_known() -> None:
    """For tests that throw the tables away."""
    _known.clear()
