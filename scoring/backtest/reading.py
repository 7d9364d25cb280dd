"""What a backtest needs to know of a chunk of leads, read as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

import numpy as np
from django.conf import settings
from django.utils.module_loading import import_string
from numpy.typing import NDArray

from leads.arrays import EPOCH_2000, WORDS, mixed
from leads.histories import Coded, eras_of
from leads.spans import among
from scoring import facts
from scoring.backtest.entries import Eras, Ints
from scoring.backtest.judging import Outcomes
from scoring.batch import Facts
from scoring.compiler import NEVER
from scoring.fit import Column, encode

REACHED = {"sql": ("sql", "opportunity", "customer"), "won": ("customer",)}  # stages that say so

# Each names a lead and what is asked of it: v0, v1
PEOPLE = "SELECT id AS lead, created_at AS v0, source AS v1 FROM leads_lead"
EXCLUDED = "SELECT lead_id AS lead, at AS v0 FROM leads_disqualification"
OUTCOMES = "SELECT lead_id AS lead, result AS v0 FROM leads_leadoutcome"
STAGES = "SELECT lead_id AS lead, min(at) AS v0 FROM leads_stagechange WHERE stage = ANY(%s) GROUP BY lead_id"
SEEN = "SELECT lead_id AS lead, min(occurred_at) AS v0 FROM leads_activity WHERE occurred_at <= %s GROUP BY lead_id"
VERDICTS = {"won": 1, "lost": 0}


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


def read(
    ids: Ints,
    fields: Sequence[str],
    outcome: str,
    ripe_at: int,
    *,
    amounts: bool = True,
    idle: facts.Idle | None = None,
) -> Chunk:
    """`idle` as in `facts.of_leads`. Of leads known for too short to be judged (since after `ripe_at`) nobody asks
    exactly since when.
    """
    told = eras_of(ids.tolist(), fields)
    columns = {key: _column(coded) for key, coded in told.columns.items()}
    sources, outcomes = _people(ids, outcome, ripe_at)
    return Chunk(
        ids,
        facts.of_leads(ids, amounts=amounts, idle=idle),
        Eras(told.since, told.starts, told.stops, columns),
        sources,
        outcomes,
        _instants(ids, EXCLUDED),
        told.unrecorded,
    )


def _column(coded: Coded) -> Column:
    known = encode([coded.read(value) for value in coded.values])
    return Column(known.codes[coded.codes], known.values)


def _people(ids: Ints, outcome: str, ripe_at: int) -> tuple[list[str], Outcomes]:
    place, created, named = _told(ids, PEOPLE, (">i8", WORDS))
    sources, born = [""] * len(ids), np.full(len(ids), NEVER, np.int64)
    born[place] = created + EPOCH_2000
    for row, source in zip(place.tolist(), named, strict=True):
        sources[row] = source
    young = np.flatnonzero(born > ripe_at)
    if len(young):
        born[young] = np.minimum(born[young], _instants(ids[young], SEEN, facts.instant(ripe_at)))
    reached_at = _reached_at(ids, outcome)
    return sources, Outcomes(born, reached_at, _final(ids, outcome, reached_at))


def _final(ids: Ints, outcome: str, reached_at: Ints) -> NDArray[np.int8]:
    """A file that says won or lost says nothing of hand-offs: sales may never have seen these leads."""
    final = np.full(len(ids), -1, np.int8)
    if outcome == "won":
        place, results = _told(ids, OUTCOMES, (WORDS,))
        final[place] = [VERDICTS[result] for result in results]
        final[reached_at < NEVER] = -1
    return final


def _reached_at(ids: Ints, outcome: str) -> Ints:
    if outcome in REACHED:
        return _instants(ids, STAGES, list(REACHED[outcome]))
    told = import_string(settings.ACCEPTANCES)(int(ids[0]), int(ids[-1]))
    return np.array([told.get(pk, NEVER) for pk in ids.tolist()], np.int64)


def _instants(ids: Ints, rows: str, *params: Any) -> Ints:
    """NEVER for leads that have none."""
    place, at = _told(ids, rows, (">i8",), params)
    found = np.full(len(ids), NEVER, np.int64)
    found[place] = at + EPOCH_2000
    return found


def _told(ids: Ints, rows: str, kinds: Sequence[str], params: Sequence[Any] = ()) -> list[Any]:
    """Which of `ids` have a row, as places in `ids`, and its columns."""
    where, bounds = among("lead", ids)
    packed = ", ".join(f"array_agg(v{place})" for place in range(len(kinds)))
    query = f"SELECT array_agg(lead), {packed} FROM ({rows}) told WHERE {where}"  # noqa: S608  own words
    lead, *columns = mixed(query, [">i8", *kinds], [*params, *bounds])[0]
    place = np.searchsorted(ids, lead)
    mine = ids[np.minimum(place, len(ids) - 1)] == lead
    return [place[mine], *(_where(mine, column) for column in columns)]


def _where(chosen: NDArray[np.bool_], column: Any) -> Any:
    return column[chosen] if isinstance(column, np.ndarray) else list(compress(column, chosen))
