"""PostgreSQL array literals for large batches; the driver's own way costs more than the insert itself."""

from collections.abc import Iterable


def plain(values: Iterable[str]) -> str:
    """For numbers, UUIDs and ISO instants: nothing in them needs quoting."""
    return "{" + ",".join(values) + "}"


def texts(values: Iterable[str | None]) -> str:
    """For any text without NUL; None becomes NULL."""
    return "{" + ",".join(["NULL" if value is None else _quoted(value) for value in values]) + "}"


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
