"""The loops of `flags`, compiled. The scan is the kernel's, the walk through a quarter is the backtest's."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from scoring.backtest.course import CRAMPED, gather, move_on, new_notebook, next_turn, satisfied
from scoring.batch import Facts, _input
from scoring.compiler import SIGN, Snapshot
from scoring.kernel import MASS, Rows, _award, _satisfied, _scan, new_scratch


def tally(arrays: Any, model: Snapshot, facts: Facts, as_of: NDArray[np.int64]) -> Any:
    """(flags, worth), or None for facts that the kernel refuses."""
    count = len(facts.starts)
    none = _input(np.full(count, -1), np.int32)
    base = _input(np.zeros((count, max(len(model.groups), 1))), np.int64)
    rows = Rows(
        _input(facts.starts, np.int64),
        _input(facts.stops, np.int64),
        _input(as_of, np.int64),
        base,
        none,
        none,
    )
    flags = np.zeros((count, len(model.rules)), np.uint8)
    worth = np.zeros((count, len(model.rules)), np.int64)
    fault = _tally(arrays, model, rows, flags, worth, new_scratch(model))
    return None if fault else (flags, worth)


@njit(nogil=True, cache=True)
def _tally(facts, model, rows, flags, worth, scratch):
    for row in range(len(rows.start)):
        as_of = rows.as_of[row]
        scan = _scan(facts, model, rows, row, as_of, scratch, scratch.touched, scratch.state)
        if scan.fault:
            return scan.fault
        for rule in scratch.touched[: scan.touched]:
            _award(model.rules, rule, scratch.state, as_of)
            flags[row, rule] = _satisfied(model.rules, rule, scratch.state, as_of)
            worth[row, rule] = model.rules[rule, SIGN] * scratch.state[rule, MASS]
    return 0


def fired(arrays: Any, model: Snapshot, facts: Facts, since: int, until: int) -> Any:
    """None for facts that the course refuses."""
    starts, stops = _input(facts.starts, np.int64), _input(facts.stops, np.int64)
    found = np.zeros((len(starts), len(model.rules)), np.uint8)
    note, at = new_notebook(model, 64 + 4 * int((facts.stops - facts.starts).max(initial=0))), 0
    while at < len(starts):
        at, why = _fired(arrays, model, starts, stops, since, until, found, at, note)
        if why == CRAMPED:
            note = new_notebook(model, 4 * len(note.at))
        elif why:
            return None
    return found


@njit(nogil=True, cache=True)
def _fired(facts, model, starts, stops, since, until, found, begin, note):
    for lead in range(begin, len(starts)):
        count, fault = gather(facts, model, starts[lead], stops[lead], until, note)
        if fault:
            return lead, fault
        touched, at = note.touched[:count], since
        while at <= until:
            move_on(model.rules, touched, note, at)
            for rule in touched:
                if satisfied(model.rules, rule, note, at):
                    found[lead, rule] = 1
            at = next_turn(model.rules, touched, note, at)
    return len(starts), 0
