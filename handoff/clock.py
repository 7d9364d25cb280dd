"""The one clock of claims, leases and promises: the database's."""

from datetime import datetime

from django.db import connection


def database_now() -> datetime:
    """What Now() means in a query: the instant at which the statement began."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment
