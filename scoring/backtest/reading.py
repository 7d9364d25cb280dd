"""What a backtest needs to know of a chunk of leads, read as arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string
from numpy.typing import NDArray

from leads.histories import Coded, eras_of
from leads.models import Lead
from leads.spans import among
from scoring import facts
from scoring.backtest.entries import Eras, Ints
from scoring.backtest.judging import Outcomes
from scoring.batch import Facts
from scoring.compiler import NEVER
from scoring.fit import Column, encode

REACHED = {"sql": ("sql", "opportunity", "customer"), "won": ("customer",)}  # stages that say so

PEOPLE = """
SELECT l.id, l.source, (extract(epoch FROM l.created_at) * 1000000)::bigint,
    (extract(epoch FROM d.at) * 1000000)::bigint, o.result, (extract(epoch FROM s.at) * 1000000)::bigint
FROM leads_lead l
LEFT JOIN leads_disqualification d ON d.lead_id = l.id
LEFT JOIN leads_leadoutcome o ON o.lead_id = l.id
LEFT JOIN (SELECT lead_id, min(at) AS at FROM leads_stagechange WHERE {stages} AND stage = ANY(%s) GROUP BY lead_id) s
    ON s.lead_id = l.id
WHERE {leads} ORDER BY l.id
"""


@dataclass(frozen=True)
class Chunk:
    """Parallel to `ids`; `unrecorded` counts leads of whose fields no history was kept."""

    ids: Ints
    facts: Facts
    eras: Eras
    sources: list[str]
    outcomes: Outcomes
    barred_at: Ints
    unrecorded: int


def chunks_of_ids(size: int) -> Iterator[Ints]:
    last = 0
    while True:
        people = Lead.objects.filter(pk__gt=last, merged_into=None).order_by("pk")
        found = np.array(people.values_list("pk", flat=True)[:size], np.int64)
        if not len(found):
            return
        yield found
        last = int(found[-1])


def read(ids: Ints, fields: Sequence[str], outcome: str, *, amounts: bool) -> Chunk:
    did = facts.of_leads(ids, amounts=amounts)
    told = eras_of(ids.tolist(), fields)
    sources, born, barred, final, reached = _people(ids, outcome)
    eras = Eras(
        told.since, told.starts, told.stops, {key: _column(coded) for key, coded in told.columns.items()}
    )
    return Chunk(
        ids,
        did,
        eras,
        sources,
        Outcomes(np.minimum(born, _first_seen(did)), reached, final),
        barred,
        told.unrecorded,
    )


def _first_seen(did: Facts) -> Ints:
    first = np.full(len(did.starts), NEVER, np.int64)
    active = did.stops > did.starts
    first[active] = did.at[did.starts[active]]
    return first


def _column(coded: Coded) -> Column:
    known = encode([coded.read(value) for value in coded.values])
    return Column(known.codes[coded.codes], known.values)


def _people(ids: Ints, outcome: str) -> tuple[list[str], Ints, Ints, NDArray[np.int8], Ints]:
    leads, bounds = among("l.id", ids)
    stages, again = among("lead_id", ids)
    with connection.cursor() as cursor:
        cursor.execute(
            PEOPLE.format(leads=leads, stages=stages), [*again, list(REACHED.get(outcome, ())), *bounds]
        )
        rows = {row[0]: row[1:] for row in cursor.fetchall()}
    nobody = ("", None, None, None, None)
    source, born, barred, final, reached = zip(*(rows.get(pk, nobody) for pk in ids.tolist()), strict=True)
    if outcome not in REACHED:
        told = import_string(settings.ACCEPTANCES)(int(ids[0]), int(ids[-1]))
        reached = tuple(told.get(pk) for pk in ids.tolist())
    verdict = {"won": 1, "lost": 0, None: -1}
    born_at, barred_at, reached_at = (
        np.array([NEVER if at is None else at for at in column], np.int64)
        for column in (born, barred, reached)
    )
    undated = np.array([verdict[result] for result in final], np.int8)
    return list(source), born_at, barred_at, np.where(reached_at < NEVER, np.int8(-1), undated), reached_at
