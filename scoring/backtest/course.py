"""One lead's score as time goes on: occurrences come and go rule by rule, and nothing is ever counted anew.

State   per rule the occurrences inside its reach as a range [LOW, HIGH) of the notebook, what they add up to, and
        their mass. Each occurrence is added once and taken away once, however long the history is
Halving the masses of halving `each` rules are sums of table weights, which no running sum can follow exactly. They
        are summed when asked for, newest first, and no further than the cap; MASS bounds them from above until then
Equal   to `rules.tally` at every instant, in whole numbers
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scoring.compiler import (
    AGGREGATE,
    AWARD_LIFE,
    CEILING,
    CRITICAL,
    DISTINCT,
    EACH,
    EFFECT,
    GROUP,
    HALF_LIFE,
    MEASURED,
    NEVER,
    ON_FIT,
    POINTS,
    REACH,
    SIGN,
    SUM,
    UNSEEN,
    N,
    Snapshot,
)
from scoring.kernel import FULLEST, UNSEEN_SHAPE, UNSORTED, _clamped, _lasted, _measures_up, _rounded, _weight
from scoring.language import SCALE
from scoring.machine import compiled

CRAMPED = -1  # the notebook is too small for this lead

# Columns of the state a course keeps per rule
FIRST, END, LOW, HIGH, GATHERED, MASS, NOW, ABOVE = range(8)

# What of `mind` belongs to this room; the others belong to the walk
GATHERING = 8

# How to take the mass of halving rules: from above, or gains and losses each at an instant
FROM_ABOVE, AT = np.arange(2)


class Notebook(NamedTuple):
    """One thread's. `mark` holds the number of the gathering that wrote `newest`, so nothing is wiped."""

    touched: NDArray[np.int64]
    state: NDArray[np.int64]
    at: NDArray[np.int64]
    lasted: NDArray[np.int64]
    key: NDArray[np.int32]
    newest: NDArray[np.int64]
    mark: NDArray[np.int64]
    sums: NDArray[np.int64]
    above: NDArray[np.int64]
    mind: NDArray[np.int64]


def new_notebook(model: Snapshot, occurrences: int) -> Notebook:
    rules = len(model.rules)
    return Notebook(
        touched=np.zeros(rules, np.int64),
        state=np.zeros((rules, 8), np.int64),
        at=np.zeros(occurrences, np.int64),
        lasted=np.zeros(occurrences, np.int64),
        key=np.zeros(occurrences, np.int32),
        newest=np.full(model.keys, -1, np.int64),
        mark=np.full(model.keys, -1, np.int64),
        sums=np.zeros(len(model.groups), np.int64),
        above=np.zeros(len(model.groups), np.int64),
        mind=np.zeros(9, np.int64),
    )


# Which occurrences concern which rule


@compiled
def gather(facts, model, start, stop, until, note):
    """Sorts the occurrences by rule. (rules touched, fault); CRAMPED when the notebook has no room."""
    note.state[:] = 0
    note.mind[GATHERING] += 1
    fault = _count_each(facts, model, start, stop, until, note)
    if fault:
        return 0, fault
    count, place, state = 0, 0, note.state
    for rule in range(len(model.rules)):
        found = state[rule, END]
        if found:
            state[rule, FIRST] = state[rule, END] = state[rule, LOW] = state[rule, HIGH] = place
            note.touched[count] = rule
            count += 1
            place += found
    if place > len(note.at):
        return 0, CRAMPED
    _lay_out(facts, model, start, stop, until, note)
    return count, 0


@compiled
def _count_each(facts, model, start, stop, until, note):
    before = -NEVER
    for i in range(start, stop):
        kind, at = facts.shape[i], facts.at[i]
        if at < before:
            return UNSORTED
        before = at
        if at > until:
            break
        if kind < 0 or kind >= len(model.spans) or model.spans[kind, 0] == UNSEEN:
            return UNSEEN_SHAPE
        for entry in range(model.spans[kind, 0], model.spans[kind, 1]):
            rule = model.entries[entry, 0]
            if not model.rules[rule, MEASURED] or _measures_up(facts, i, model.rules, rule):
                note.state[rule, END] += 1
    return 0


@compiled
def _lay_out(facts, model, start, stop, until, note):
    for i in range(start, stop):
        if facts.at[i] > until:
            break
        kind = facts.shape[i]
        for entry in range(model.spans[kind, 0], model.spans[kind, 1]):
            rule = model.entries[entry, 0]
            if model.rules[rule, MEASURED] and not _measures_up(facts, i, model.rules, rule):
                continue
            place, key = note.state[rule, END], model.entries[entry, 1]
            note.at[place], note.lasted[place], note.key[place] = facts.at[i], _lasted(facts, i), key
            note.state[rule, END] += 1
            if model.rules[rule, AGGREGATE] == DISTINCT and note.mark[key] != note.mind[GATHERING]:
                note.mark[key], note.newest[key] = note.mind[GATHERING], -1


# Coming and going


@compiled
def move_on(rules, touched, note, at):
    """Brings every rule to the instant `at`, which never goes back."""
    state = note.state
    for rule in touched:
        while state[rule, HIGH] < state[rule, END] and note.at[state[rule, HIGH]] <= at:
            _arrive(rules, rule, state, note.lasted, note.key, note.newest, state[rule, HIGH])
            state[rule, HIGH] += 1
        reach = rules[rule, REACH]
        while state[rule, LOW] < state[rule, HIGH] and at - note.at[state[rule, LOW]] >= reach:
            _depart(rules, rule, state, note.lasted, note.key, note.newest, state[rule, LOW])
            state[rule, LOW] += 1


@compiled
def _arrive(rules, rule, state, lasted, key, newest, place):
    replaced = False
    if rules[rule, AGGREGATE] == DISTINCT:
        replaced = newest[key[place]] >= 0
        newest[key[place]] = place
    if not replaced:
        state[rule, GATHERED] += lasted[place] if rules[rule, AGGREGATE] == SUM else 1
    if not replaced or rules[rule, HALF_LIFE]:
        state[rule, MASS] = min(state[rule, MASS] + _fresh_worth(rules, rule, lasted, place), FULLEST)


@compiled
def _depart(rules, rule, state, lasted, key, newest, place):
    if rules[rule, AGGREGATE] == DISTINCT:
        if newest[key[place]] != place:
            return
        newest[key[place]] = -1
    state[rule, GATHERED] -= lasted[place] if rules[rule, AGGREGATE] == SUM else 1
    if not rules[rule, HALF_LIFE]:
        state[rule, MASS] -= _fresh_worth(rules, rule, lasted, place)


@compiled
def _fresh_worth(rules, rule, lasted, place):
    """Of one occurrence that has not faded; never above the cap, so that running sums stay small."""
    if not rules[rule, EACH]:
        return np.int64(0)
    worth = rules[rule, POINTS] * SCALE
    if rules[rule, AGGREGATE] == SUM:
        worth = worth * lasted[place] // rules[rule, N]
    return min(worth, rules[rule, CEILING])


@compiled
def next_turn(rules, touched, note, at):
    """The next instant at which something comes or goes by itself."""
    state, turn = note.state, NEVER
    for rule in touched:
        high, low = state[rule, HIGH], state[rule, LOW]
        if high < state[rule, END]:
            turn = min(turn, note.at[high])
        if low == high:
            continue
        turn = min(turn, note.at[low] + rules[rule, REACH])
        dies = note.at[high - 1] + rules[rule, AWARD_LIFE]
        if dies > at:
            turn = min(turn, dies)
    return turn


# While a lead is far below every line, facts only raise a bound: no rule loses anything and none takes points away


@compiled
def bound_from(model, base, row, note):
    """In whole points; `above` holds what each group gains at most."""
    worth = 0
    for group in range(len(note.above)):
        worth += _clamped(model.groups, group, base[row, group] + note.above[group])
    return _rounded(worth)


@compiled
def bound_anew(rules, touched, note):
    """From the masses that were found last."""
    note.above[:] = 0
    for rule in touched:
        if rules[rule, SIGN] > 0:
            note.state[rule, ABOVE] = min(note.state[rule, NOW], rules[rule, CEILING])
            note.above[rules[rule, GROUP]] += note.state[rule, ABOVE]


@compiled
def take_in(facts, model, row, base, note, fact, stop, outside, news):
    """Facts from `fact` on, before `outside`. (the first that brings `news` points or may be critical, its instant).

    One function on purpose: handing the arrays on for each fact takes longer than the work.
    """
    at, shape, spans, entries, rules = facts.at, facts.shape, model.spans, model.entries, model.rules
    groups, state, times, lasted, key = model.groups, note.state, note.at, note.lasted, note.key
    newest, above = note.newest, note.above
    while fact < stop and at[fact] < outside:
        alarm = False
        for entry in range(spans[shape[fact], 0], spans[shape[fact], 1]):
            rule = entries[entry, 0]
            if rules[rule, MEASURED] and not _measures_up(facts, fact, rules, rule):
                continue
            if rules[rule, EFFECT] == CRITICAL:
                alarm = True
            place = state[rule, HIGH]
            while state[rule, LOW] < place and at[fact] - times[state[rule, LOW]] >= rules[rule, REACH]:
                _depart(rules, rule, state, lasted, key, newest, state[rule, LOW])
                state[rule, LOW] += 1
            _arrive(rules, rule, state, lasted, key, newest, place)
            state[rule, HIGH] += 1
            if rules[rule, SIGN] > 0:
                mass = state[rule, MASS]
                if not rules[rule, EACH]:
                    mass = rules[rule, POINTS] * SCALE if state[rule, GATHERED] >= rules[rule, N] else 0
                mass = min(mass, rules[rule, CEILING])
                above[rules[rule, GROUP]] += mass - state[rule, ABOVE]
                state[rule, ABOVE] = mass
        worth = 0
        for group in range(len(groups)):
            worth += _clamped(groups, group, base[row, group] + above[group])
        if alarm or _rounded(worth) >= news:
            return fact, at[fact]
        fact += 1
    return fact, np.int64(outside)


# What it is worth


@compiled
def satisfied(rules, rule, note, at):
    state = note.state
    if state[rule, GATHERED] < rules[rule, N] or state[rule, HIGH] == state[rule, LOW]:
        return False
    return at - note.at[state[rule, HIGH] - 1] < rules[rule, AWARD_LIFE]


@compiled
def total_of(model, base, row, touched, note, how, now, gains_at, losses_at):
    """In whole points. `now` settles what counts; `how` says at which instants halving masses are taken."""
    rules, state, sums = model.rules, note.state, note.sums
    for group in range(len(sums)):
        sums[group] = base[row, group]
    for rule in touched:
        if rules[rule, POINTS] == 0:
            continue
        mass = _mass(rules, rule, note, how, now, gains_at if rules[rule, SIGN] > 0 else losses_at)
        state[rule, NOW] = mass
        sums[rules[rule, GROUP]] += rules[rule, SIGN] * min(mass, rules[rule, CEILING])
    worth = 0
    for group in range(len(sums)):
        worth += _clamped(model.groups, group, sums[group])
    return _rounded(worth)


@compiled
def _mass(rules, rule, note, how, now, at):
    each, half_life, state = rules[rule, EACH], rules[rule, HALF_LIFE], note.state
    if not each and not satisfied(rules, rule, note, now):
        return np.int64(0)
    if half_life == 0:
        return state[rule, MASS] if each else rules[rule, POINTS] * SCALE
    if how == FROM_ABOVE:
        if rules[rule, SIGN] < 0:
            return np.int64(0)
        return state[rule, MASS] if each else rules[rule, POINTS] * SCALE
    if each:
        return _faded(rules, rule, note, at)
    return rules[rule, POINTS] * _weight(at - note.at[state[rule, HIGH] - 1], half_life)


@compiled
def _faded(rules, rule, note, at):
    """The sum of what each occurrence is still worth, newest first; whatever lies beyond the cap is left out."""
    state, mass = note.state, 0
    distinct, is_sum = rules[rule, AGGREGATE] == DISTINCT, rules[rule, AGGREGATE] == SUM
    for place in range(state[rule, HIGH] - 1, state[rule, LOW] - 1, -1):
        if distinct and note.newest[note.key[place]] != place:
            continue
        weight = _weight(at - note.at[place], rules[rule, HALF_LIFE])
        if weight == 0:
            break
        worth = rules[rule, POINTS] * weight
        mass += worth * note.lasted[place] // rules[rule, N] if is_sum else worth
        if mass >= rules[rule, CEILING]:
            return FULLEST
    return mass


@compiled
def remember_masses(rules, touched, note):
    """What was just found bounds from above what halving rules will be worth later. True if anything fades."""
    fades = False
    for rule in touched:
        if rules[rule, HALF_LIFE] and note.state[rule, NOW]:
            fades = True
            if rules[rule, EACH]:
                note.state[rule, MASS] = note.state[rule, NOW]
    return fades


@compiled
def losses_fade(rules, touched, note):
    for rule in touched:  # noqa: SIM110  numba has no generators
        if rules[rule, HALF_LIFE] and rules[rule, SIGN] < 0 and note.state[rule, NOW]:
            return True
    return False


@compiled
def most_ever(model, base, first, last, fit_floor, touched, note):
    """No instant has more points than this: every occurrence fresh, every rule that takes points away asleep."""
    rules, sums = model.rules, note.sums
    sums[:] = -FULLEST
    _raise_to(model, base, 0, fit_floor, sums)
    for row in range(first, last):
        _raise_to(model, base, row, fit_floor, sums)
    if sums[0] == -FULLEST:
        return -FULLEST
    for rule in touched:
        if rules[rule, SIGN] > 0:
            sums[rules[rule, GROUP]] += _most_of(rules, rule, note)
    worth = 0
    for group in range(len(sums)):
        worth += _clamped(model.groups, group, sums[group])
    return _rounded(worth)


@compiled
def _raise_to(model, base, row, fit_floor, sums):
    if fit_of(model, base, row) >= fit_floor:
        for group in range(len(sums)):
            sums[group] = max(sums[group], base[row, group])


@compiled
def _most_of(rules, rule, note):
    if not rules[rule, EACH]:
        return min(rules[rule, POINTS] * SCALE, rules[rule, CEILING])
    mass = 0
    for place in range(note.state[rule, FIRST], note.state[rule, END]):
        mass += _fresh_worth(rules, rule, note.lasted, place)
        if mass >= rules[rule, CEILING]:
            return rules[rule, CEILING]
    return mass


@compiled
def fit_of(model, base, row):
    worth = 0
    for group in range(len(model.groups)):
        worth += model.groups[group, ON_FIT] * _clamped(model.groups, group, base[row, group])
    return _rounded(worth)
