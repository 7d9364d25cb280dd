"""The dictionary of shapes in the database, and this process's memory of it."""

from collections.abc import Iterable
from functools import partial

import orjson
from django.conf import settings
from django.db import connection, transaction

from leads import shapes

REMEMBERED = 50_000  # shapes a process keeps in mind; beyond it the memory starts anew

_known: dict[bytes, int] = {}

INSERT = """
INSERT INTO leads_activityshape (kind, machine, props, hash)
SELECT * FROM unnest(%s::text[], %s::boolean[], %s::jsonb[], %s::bytea[])
ON CONFLICT (hash) DO NOTHING
"""


def shape_ids(canonicals: Iterable[bytes]) -> dict[bytes, int]:
    """The id of each canonical shape; new ones are added. Two statements at most, none when all are known.

    Shapes that no longer fit into the dictionary are missing from the answer.
    """
    wanted = set(canonicals)
    found = {shape: _known[shape] for shape in wanted if shape in _known}
    missing = wanted - found.keys()
    if missing:
        found |= _look_up(missing)
        new = missing - found.keys()
        if new and _room_for(len(new)):
            found |= _add(new)
        transaction.on_commit(partial(_remember, {shape: found[shape] for shape in missing & found.keys()}))
    return found


def other_shapes(canonicals: Iterable[bytes]) -> dict[bytes, int]:
    """The catch-all shape of each one's kind: one for each kind of the product, one for all custom kinds."""
    catch_all = {shape: _catch_all(shape) for shape in canonicals}
    ids = _look_up(set(catch_all.values()))
    ids |= _add(set(catch_all.values()) - ids.keys())
    return {shape: ids[other] for shape, other in catch_all.items()}


def forget_known() -> None:
    """For tests that throw the tables away."""
    _known.clear()


def _catch_all(canonical: bytes) -> bytes:
    kind, machine, _ = orjson.loads(canonical)
    return shapes.canonical("custom:other" if kind.startswith("custom:") else kind, shapes.OTHER, machine)


def _look_up(wanted: set[bytes]) -> dict[bytes, int]:
    by_hash = {shapes.digest(shape): shape for shape in wanted}
    with connection.cursor() as cursor:
        cursor.execute("SELECT hash, id FROM leads_activityshape WHERE hash = ANY(%s)", [list(by_hash)])
        return {by_hash[bytes(digest)]: pk for digest, pk in cursor.fetchall()}


def _add(new: set[bytes]) -> dict[bytes, int]:
    """Sorted, so that two processes adding the same shapes queue up instead of locking each other out."""
    if not new:
        return {}
    rows = sorted((shapes.digest(shape), *orjson.loads(shape)) for shape in new)
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT,
            [
                [kind for _, kind, _, _ in rows],
                [machine for _, _, machine, _ in rows],
                [orjson.dumps(props).decode() for _, _, _, props in rows],
                [digest for digest, _, _, _ in rows],
            ],
        )
    return _look_up(new)


def _room_for(count: int) -> bool:
    """Ids are given out in order and hardly ever wasted, so the largest one tells how full it is."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM leads_activityshape")
        return cursor.fetchone()[0] + count <= settings.TANDEM_MAX_SHAPES


def _remember(ids: dict[bytes, int]) -> None:
    """Called once they are saved: a rollback takes new shapes away again."""
    if len(_known) + len(ids) > REMEMBERED:
        _known.clear()
    _known.update(ids)
