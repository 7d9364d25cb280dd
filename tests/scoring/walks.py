"""The walk a backtest makes, in plain Python: the oracle at every instant at which a score may change."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np

from scoring import rules
from scoring.backtest.entries import Entries, Eras, bounds, entries
from scoring.batch import gather
from scoring.compiler import NEVER, compile_model
from scoring.fit import encode
from scoring.horizon import next_change_at
from scoring.language import Fact, Model
from tests.scoring.cases import FIELD_VALUES, Case

Era = tuple[int, dict[str, Any]]


@dataclass
class Walk:
    """What one lead's history comes to: heights, moves, and the first critical signal."""

    heights: list[tuple[int, int, int]] = field(default_factory=list)
    moves: list[tuple[int, bool, int]] = field(default_factory=list)
    critical_at: int = NEVER


def walk_slowly(model: Model, shapes: Any, facts: list[Fact], eras: list[Era], until: int) -> Walk:
    walk, held, opened, ended_at = Walk(), False, False, None
    lowest, highest = bounds(model)
    record = lowest - 1
    for at in instants(model, shapes, facts, eras, until):
        fields = fields_at(eras, at)
        score = rules.score(model, shapes, facts, fields, at)
        barred = score.disqualified is not None
        if score.critical and not barred:
            walk.critical_at = min(walk.critical_at, at)
        if not barred and score.fit >= model.fit_floor and min(score.total, highest) > record:
            walk.heights.append((at, record, min(score.total, highest)))
            record = min(score.total, highest)
        held = rules.holds(score, held, model)
        first = not any(into for _, into, _ in walk.moves)
        if held and not opened and (first or evidence(model, shapes, facts, fields, at, score) > ended_at):
            opened = True
            walk.moves.append((at, True, score.total))
        elif opened and not held:
            opened, ended_at = False, at
            walk.moves.append((at, False, score.total))
    return walk


def instants(model: Model, shapes: Any, facts: list[Fact], eras: list[Era], until: int) -> Iterator[int]:
    """Everything that happens, and between that every instant at which time alone may change something."""
    events = sorted({fact.occurred_at for fact in facts} | {since for since, _ in eras})
    known = [at for at in events if at <= until]
    for place, at in enumerate(known):
        following = [*known, until + 1][place + 1]
        while at is not None and at < following:
            yield at
            at = next_change_at(model, shapes, facts, fields_at(eras, at), at)


def fields_at(eras: list[Era], at: int) -> dict[str, Any]:
    return next((fields for since, fields in reversed(eras) if since <= at), {})


def evidence(model: Model, shapes: Any, facts: list[Fact], fields: Any, at: int, score: rules.Score) -> int:
    found = rules.tallies(model, shapes, facts, at)
    helping = [tally for tally in found if tally.worth > 0 or tally.rule.key == score.critical]
    return max((tally.counted[0].occurred_at for tally in helping if tally.counted), default=-NEVER)


def random_eras(random: Random, history: list[Fact], now: int) -> list[Era]:
    instants = [now, *(fact.occurred_at for fact in history)]
    chosen = sorted(
        {random.choice(instants) + random.choice([-1, 0, 1]) for _ in range(random.choice([0, 1, 1, 3]))}
    )
    return [
        (since, {name: random.choice(values) for name, values in FIELD_VALUES.items()}) for since in chosen
    ]


def by_walk(case: Case, eras: list[list[Era]], until: int) -> Entries:
    flat = [era for own in eras for era in own]
    stops = np.cumsum([len(own) for own in eras])
    known = Eras(
        since=np.array([since for since, _ in flat], np.int64),
        starts=stops - [len(own) for own in eras],
        stops=stops,
        columns={name: encode([fields.get(name) for _, fields in flat]) for name in FIELD_VALUES},
    )
    return entries(compile_model(case.model, case.shapes), gather(case.histories), known, until=until)


def of_lead(found: Entries, lead: int) -> Walk:
    """What the fast walk found, as the slow one tells it."""
    own, moved = found.heights.lead == lead, found.moves.lead == lead
    heights, moves = found.heights, found.moves
    return Walk(
        list(zip(*(part[own].tolist() for part in (heights.at, heights.before, heights.total)), strict=True)),
        list(zip(*(part[moved].tolist() for part in (moves.at, moves.into, moves.total)), strict=True)),
        int(found.critical_at[lead]),
    )
