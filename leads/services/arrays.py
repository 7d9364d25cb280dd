"""PostgreSQL array literals for large batches; the driver's own way costs more than the insert itself."""

from collections.abc import Sequence

NUL = "\x00"


def plain(values: Sequence[str]) -> str:
    """For numbers, UUIDs and ISO instants: nothing in them needs quoting."""
    return "{" + ",".join(values) + "}"


def texts(values: Sequence[str]) -> str:
    """For any text without NUL. Joined by NUL, the whole column is quoted in three strokes."""
    if not values:
        return "{}"
    escaped = NUL.join(values).replace("\\", "\\\\").replace('"', '\\"')
    return '{"' + escaped.replace(NUL, '","') + '"}'
