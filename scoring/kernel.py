"""The oracle again, as machine code: scores any number of rows, each a lead as of an instant, in one pass.

Input   facts sorted by instant within each row's range [start, stop); rows may share a range (a backtest scores
        one lead at many instants). Types as in the NamedTuples below, all C-contiguous
Output  written into the arrays of `Out`; `fault` is 0, UNSEEN_SHAPE or UNSORTED
Equal   whole numbers only; floats appear in `_calm_for` alone, where they may only wake us too early
Threads the compiled code releases the GIL and shares nothing but its inputs, so `batch` splits rows over
        ordinary threads; numba's own parallel layer survives neither concurrent callers nor fork

Only `machine` and `sorting` import numba, and only scorers import them: a web process stays small.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scoring.compiler import (
    AGGREGATE,
    AWARD_LIFE,
    CEILING,
    CRITICAL,
    DISQUALIFIES,
    DISTINCT,
    EACH,
    EFFECT,
    GROUP,
    HALF_LIFE,
    LEAST_AMOUNT,
    LEAST_SECONDS,
    MAXIMUM,
    MEASURED,
    MINIMUM,
    MOST_AMOUNT,
    MOST_SECONDS,
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
from scoring.decay import SCALE_BITS, STEPS, TABLE
from scoring.language import MOST_SECONDS as LONGEST_OCCURRENCE
from scoring.language import SCALE
from scoring.machine import compiled

UNSEEN_SHAPE, UNSORTED = 1, 2
STEP_BITS = STEPS.bit_length() - 1
PROBES = 300  # an edge search ends after so many rescans of one row
FULLEST = 1 << 60  # a running sum stops here, far above every ceiling
WEIGHTS = np.array(TABLE, np.int32)  # small enough to stay in the first cache

# Columns of the state a scan keeps per rule
GATHERED, NEWEST, EDGE, MASS, PAID, BLUR = range(6)


class FactArrays(NamedTuple):
    at: NDArray[np.int64]
    shape: NDArray[np.int32]
    seconds: NDArray[np.int32]
    amount: NDArray[np.int64]


class Rows(NamedTuple):
    """One entry a row: where its facts are, as of when, and what fit already gave (parts of a point per group)."""

    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    as_of: NDArray[np.int64]
    base: NDArray[np.int64]
    critical: NDArray[np.int32]
    disqualified: NDArray[np.int32]


class Out(NamedTuple):
    total: NDArray[np.int64]
    fit: NDArray[np.int64]
    groups: NDArray[np.int64]
    critical: NDArray[np.int32]
    disqualified: NDArray[np.int32]
    next_change_at: NDArray[np.int64]
    fault: NDArray[np.int8]


class Scratch(NamedTuple):
    """One thread's notebook. `mark` and `seen` hold the number of the scan that wrote them, so nothing is wiped."""

    scan: NDArray[np.int64]
    mark: NDArray[np.int64]
    touched: NDArray[np.int64]
    state: NDArray[np.int64]
    later_touched: NDArray[np.int64]
    later: NDArray[np.int64]
    seen: NDArray[np.int64]
    sums: NDArray[np.int64]
    budget: NDArray[np.int64]


class Scan(NamedTuple):
    touched: int  # rules that counted something
    arrival: int  # the first instant after `as_of` at which something will count
    fault: int


def new_scratch(snapshot: Snapshot) -> Scratch:
    rules, groups = len(snapshot.rules), len(snapshot.groups)
    return Scratch(
        scan=np.zeros(1, np.int64),
        mark=np.zeros(rules, np.int64),
        touched=np.zeros(rules, np.int64),
        state=np.zeros((rules, 6), np.int64),
        later_touched=np.zeros(rules, np.int64),
        later=np.zeros((rules, 6), np.int64),
        seen=np.zeros(snapshot.keys, np.int64),
        sums=np.zeros(groups, np.int64),
        budget=np.zeros(rules, np.int64),
    )


@compiled
def score_rows(facts, model, rows, out, first, last, scratch, want_next):
    """Scores rows [first, last)."""
    for row in range(first, last):
        as_of = rows.as_of[row]
        scan = _scan(facts, model, rows, row, as_of, scratch, scratch.touched, scratch.state)
        out.fault[row] = scan.fault
        if scan.fault:
            continue
        out.critical[row], out.disqualified[row] = rows.critical[row], rows.disqualified[row]
        touched = scratch.touched[: scan.touched]
        ends = _settle_rules(model.rules, scratch.state, touched, as_of, out, row)
        worth, fit = _worth(model, rows.base, row, scratch.sums, touched, scratch.state, scratch.state)
        for group in range(len(scratch.sums)):
            out.groups[row, group] = _clamped(model.groups, group, scratch.sums[group])
        out.total[row], out.fit[row] = _rounded(worth), _rounded(fit)
        if want_next:
            ends = min(ends, scan.arrival, NEVER)
            out.next_change_at[row] = _next_change(facts, model, rows, row, scratch, touched, worth, ends)


# One pass over a row's facts, newest first. Two-dimensional indexing throughout: a row taken out as an array costs
# an atomic count on its owner, and two threads then wait for each other.


@compiled
def _scan(facts, model, rows, row, as_of, scratch, touched, state):  # noqa: C901
    """One long function on purpose: handing the arrays on per fact doubles the time."""
    at, shape, spans, entries, rules = facts.at, facts.shape, model.spans, model.entries, model.rules
    mark, seen, longest = scratch.mark, scratch.seen, model.longest
    scratch.scan[0] += 1
    now = scratch.scan[0]
    count, arrival, after = 0, NEVER, NEVER
    for i in range(rows.stop[row] - 1, rows.start[row] - 1, -1):
        age, kind = as_of - at[i], shape[i]
        if at[i] > after:
            return Scan(count, arrival, UNSORTED)
        after = at[i]
        if age >= longest:
            break
        if kind < 0 or kind >= len(spans) or spans[kind, 0] == UNSEEN:
            return Scan(count, arrival, UNSEEN_SHAPE)
        if age < 0:
            if _will_count(facts, i, model):
                arrival = at[i]  # newest first, so the last one found is the first to come
            continue
        for entry in range(spans[kind, 0], spans[kind, 1]):
            rule = entries[entry, 0]
            if age >= rules[rule, REACH]:
                break  # the rules of a shape come longest reach first
            if rules[rule, MEASURED] and not _measures_up(facts, i, rules, rule):
                continue
            if rules[rule, AGGREGATE] == DISTINCT:
                if seen[entries[entry, 1]] == now:
                    continue
                seen[entries[entry, 1]] = now
            if mark[rule] != now:
                mark[rule] = now
                touched[count] = rule
                count += 1
                _begin(state, rule, at[i])
            _count(rules, rule, state, at[i], age, _lasted(facts, i))
    return Scan(count, arrival, 0)


@compiled
def _will_count(facts, i, model):
    shape = facts.shape[i]
    for entry in range(model.spans[shape, 0], model.spans[shape, 1]):
        rule = model.entries[entry, 0]
        if not model.rules[rule, MEASURED] or _measures_up(facts, i, model.rules, rule):
            return True
    return False


@compiled
def _begin(state, rule, at):
    for column in range(state.shape[1]):
        state[rule, column] = 0
    state[rule, NEWEST] = at


@compiled
def _lasted(facts, i):
    return min(max(np.int64(facts.seconds[i]), 0), LONGEST_OCCURRENCE)


@compiled
def _measures_up(facts, i, rules, rule):
    if not rules[rule, LEAST_SECONDS] <= _lasted(facts, i) <= rules[rule, MOST_SECONDS]:
        return False
    if rules[rule, LEAST_AMOUNT] == -NEVER and rules[rule, MOST_AMOUNT] == NEVER:
        return True  # nobody compares it, so it may not have been fetched
    return rules[rule, LEAST_AMOUNT] <= facts.amount[i] <= rules[rule, MOST_AMOUNT]


@compiled
def _count(rules, rule, state, at, age, lasted):
    """Adds one occurrence to a rule. What lies beyond the edge (the n-th) or beyond a full cap changes nothing."""
    half_life, n, is_sum = rules[rule, HALF_LIFE], rules[rule, N], rules[rule, AGGREGATE] == SUM
    if state[rule, GATHERED] < n:
        state[rule, GATHERED] += lasted if is_sum else 1
        state[rule, EDGE] = at
    if not rules[rule, EACH] or (half_life == 0 and state[rule, MASS] >= rules[rule, CEILING]):
        return
    worth, blur = rules[rule, POINTS] * _weight(age, half_life), rules[rule, POINTS]
    if is_sum:
        worth, blur = worth * lasted // n, blur * lasted // n + 2
    if worth:
        state[rule, MASS] = min(state[rule, MASS] + worth, FULLEST)
        state[rule, BLUR] = min(state[rule, BLUR] + blur, FULLEST)
        state[rule, PAID] = at


@compiled
def _weight(age, half_life):
    """As `decay.weight`. The float quotient is at most one off and then put right, which beats a 64-bit division;
    the remainder is right although its parts may wrap.
    """
    if half_life == 0:
        return np.int64(SCALE)
    if age >= half_life * (SCALE_BITS + 1):
        return np.int64(0)
    steps = np.int64(float(age) * STEPS / float(half_life))
    rest = (age << STEP_BITS) - steps * half_life
    if rest < 0:
        steps -= 1
    elif rest >= half_life:
        steps += 1
    return np.int64(WEIGHTS[steps & (STEPS - 1)]) >> (steps >> STEP_BITS)


# From counts to worth


@compiled
def _settle_rules(rules, state, touched, as_of, out, row):
    """Awards thresholds, notes critical and disqualifying rules; the first instant at which a rule ends by itself."""
    ends = NEVER
    for rule in touched:
        _award(rules, rule, state, as_of)
        if rules[rule, EACH] and state[rule, MASS]:
            ends = min(ends, state[rule, PAID] + rules[rule, REACH])
        if not _satisfied(rules, rule, state, as_of):
            continue
        ends = min(
            ends, state[rule, EDGE] + rules[rule, REACH], state[rule, NEWEST] + rules[rule, AWARD_LIFE]
        )
        if rules[rule, EFFECT] == CRITICAL:
            out.critical[row] = _earlier(out.critical[row], rule)
        elif rules[rule, EFFECT] == DISQUALIFIES:
            out.disqualified[row] = _earlier(out.disqualified[row], rule)
    return ends


@compiled
def _earlier(known, rule):
    return rule if known < 0 else min(np.int64(known), rule)


@compiled
def _satisfied(rules, rule, state, as_of):
    return state[rule, GATHERED] >= rules[rule, N] and as_of - state[rule, NEWEST] < rules[rule, AWARD_LIFE]


@compiled
def _award(rules, rule, state, as_of):
    if not rules[rule, EACH] and _satisfied(rules, rule, state, as_of):
        state[rule, MASS] = rules[rule, POINTS] * _weight(as_of - state[rule, NEWEST], rules[rule, HALF_LIFE])
        state[rule, BLUR] = rules[rule, POINTS]


@compiled
def _worth(model, base, row, sums, touched, gains, losses):
    """Total and fit in parts of a point; leaves the unclamped group sums in `sums`."""
    rules, groups = model.rules, model.groups
    for group in range(len(sums)):
        sums[group] = base[row, group]
    for rule in touched:
        mass = gains[rule, MASS] if rules[rule, SIGN] > 0 else losses[rule, MASS]
        sums[rules[rule, GROUP]] += rules[rule, SIGN] * min(mass, rules[rule, CEILING])
    total, fit = 0, 0
    for group in range(len(sums)):
        worth = _clamped(groups, group, sums[group])
        total += worth
        fit += worth * groups[group, ON_FIT]
    return total, fit


@compiled
def _clamped(groups, group, worth):
    return min(max(worth, groups[group, MINIMUM]), groups[group, MAXIMUM])


@compiled
def _rounded(worth):
    points = (abs(worth) + SCALE // 2) // SCALE
    return points if worth >= 0 else -points


# Until when it stays so
#
# Each halving rule draws on one budget: how much of its mass may go before something shows. Rising and falling
# have the way to the rounding edge; a clamped group and a capped rule have their excess.

FALLING, RISING, FREE, FIRST_GROUP = np.arange(4)  # int64, so that numba compiles one variant for all


@compiled
def _next_change(facts, model, rows, row, scratch, touched, worth, ends):
    """Far from an edge the estimate wakes us a little early; within a step of it the edge itself is found."""
    shortest = _share_out(model, scratch, touched)
    if shortest == NEVER:
        return ends
    as_of, step = rows.as_of[row], shortest >> STEP_BITS
    calm = _calm_for(model, scratch, touched, worth)
    if calm >= min(step, ends - as_of):
        return min(ends, as_of + calm)
    return _edge(facts, model, rows, row, scratch, touched, _rounded(worth), step, ends)


@compiled
def _share_out(model, scratch, touched):
    """Gives every halving rule its budget; the shortest half-life, NEVER if nothing halves."""
    shortest = NEVER
    for rule in touched:
        scratch.budget[rule] = FREE
        if model.rules[rule, HALF_LIFE] and scratch.state[rule, MASS]:
            shortest = min(shortest, model.rules[rule, HALF_LIFE])
            scratch.budget[rule] = _budget_of(model, scratch.sums, rule, scratch.state[rule, MASS])
    return shortest


@compiled
def _budget_of(model, sums, rule, mass):
    group, gives = model.rules[rule, GROUP], model.rules[rule, SIGN] > 0
    if mass > model.rules[rule, CEILING]:
        return FIRST_GROUP + len(sums) + rule
    above, below = sums[group] > model.groups[group, MAXIMUM], sums[group] < model.groups[group, MINIMUM]
    if above or below:  # what fades away from the clamp uses up the excess; what fades into it is not felt
        return FIRST_GROUP + group if above == gives else FREE
    return FALLING if gives else RISING


@compiled
def _calm_for(model, scratch, touched, worth):
    """Microseconds for which no budget is used up, estimated from below."""
    edge = _rounded(worth) * SCALE
    calm = _lasts(model, scratch, touched, FALLING, worth - edge + SCALE // 2 - 1)
    calm = min(calm, _lasts(model, scratch, touched, RISING, edge + SCALE // 2 - 1 - worth))
    for rule in touched:
        budget, group = scratch.budget[rule], model.rules[rule, GROUP]
        if budget >= FIRST_GROUP + len(scratch.sums):
            excess = scratch.state[rule, MASS] - model.rules[rule, CEILING]
            calm = min(calm, _lasts(model, scratch, touched, budget, excess))
        elif budget >= FIRST_GROUP:
            excess = abs(scratch.sums[group] - _clamped(model.groups, group, scratch.sums[group]))
            calm = min(calm, _lasts(model, scratch, touched, budget, excess))
    return NEVER if calm >= NEVER else np.int64(calm * (1 - 1e-9))  # leaves room for the floats


@compiled
def _lasts(model, scratch, touched, budget, spare):
    """Newton from the left: the loss is concave in time, so its tangent overstates it and no step goes too far."""
    mass, blur = 0.0, 0.0
    for rule in touched:
        if scratch.budget[rule] == budget:
            mass += scratch.state[rule, MASS]
            blur += scratch.state[rule, BLUR]
    if mass <= spare:
        return float(NEVER)
    calm = 0.0
    for _ in range(6):
        loss, slope = _loss(model, scratch, touched, budget, calm)
        room = spare - blur - loss
        if room <= 0:
            break
        calm += room / slope
        if room * STEPS < mass:
            break  # less than a step is left to win
    return calm


@compiled
def _loss(model, scratch, touched, budget, calm):
    """At most so much mass is gone after `calm`, a step of quantisation included; and the slope of that."""
    loss, slope = 0.0, 0.0
    for rule in touched:
        if scratch.budget[rule] == budget:
            mass, half_life = float(scratch.state[rule, MASS]), float(model.rules[rule, HALF_LIFE])
            left = mass * 2.0 ** -(calm / half_life + 1 / STEPS)
            loss += mass - left
            slope += left * math.log(2.0) / half_life
    return loss, slope


@compiled
def _edge(facts, model, rows, row, scratch, touched, total, reach, ends):
    """The first instant at which the total may differ, `ends` at the latest. Bites off calm stretches: longer ones
    after two that held, half as long after one that did not. Gives up early rather than search for ever.
    """
    calm_until, streak = rows.as_of[row], 0
    for _ in range(PROBES):
        if calm_until == ends - 1:
            return ends
        probe = min(calm_until + reach, ends - 1)
        if _calm_stretch(facts, model, rows, row, scratch, touched, total, probe):
            calm_until, streak = probe, streak + 1
            for rule in touched:
                scratch.state[rule, MASS] = scratch.later[rule, MASS]
            reach *= 2 if streak > 1 else 1
        elif probe == calm_until + 1:
            return probe
        else:
            reach, streak = (probe - calm_until) // 2, 0
    return calm_until + 1


@compiled
def _calm_stretch(facts, model, rows, row, scratch, touched, total, until):
    """Whether the total stays from the instant of `scratch.state` until `until`: masses only shrink, so gains at one
    end and losses at the other bound all between.
    """
    _scan(facts, model, rows, row, until, scratch, scratch.later_touched, scratch.later)
    for rule in touched:
        if model.rules[rule, HALF_LIFE] and scratch.state[rule, MASS]:
            _award(model.rules, rule, scratch.later, until)
        else:
            scratch.later[rule, MASS] = scratch.state[rule, MASS]
    low, _ = _worth(model, rows.base, row, scratch.sums, touched, scratch.later, scratch.state)
    high, _ = _worth(model, rows.base, row, scratch.sums, touched, scratch.state, scratch.later)
    return _rounded(low) == total and _rounded(high) == total
