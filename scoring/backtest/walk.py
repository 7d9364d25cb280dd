"""Walks through the histories of leads and notes when each would have become MQL. Compiled; one pass forward a lead.

Input   facts as for the kernel, and epochs: from which instant on the fields of a lead gave which fit. Epoch 0 is a
        lead of whom nothing is known; it stands for the time before the first one
Output  heights, each the first instant a lead reached so many points while nothing barred it (so any line can be
        drawn afterwards), and moves, into MQL and out of it under the model's own line
Ahead   what is written at an instant depends on nothing after it; facts after `until` are not read
Exact   between two turns (something comes or goes) points only fade. There gains fall and losses fall, so gains at
        one end of a stretch and losses at the other bound all between, and stretches are bitten off until the
        bound decides
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scoring.backtest.course import (
    AT,
    FROM_ABOVE,
    HIGH,
    LOW,
    NOW,
    bound_anew,
    bound_from,
    fit_of,
    gather,
    losses_fade,
    most_ever,
    move_on,
    next_turn,
    remember_masses,
    satisfied,
    take_in,
    total_of,
)
from scoring.compiler import CRITICAL, DISQUALIFIES, EFFECT, GIVES_POINTS, NEVER, SIGN
from scoring.machine import compiled

NO_RULE = -1
FULL = -2  # the lists have no room for this lead

# Columns of `heights` and of `moves`
HEIGHT_LEAD, HEIGHT_AT, HEIGHT_FROM, HEIGHT_TOTAL = range(4)
MOVE_LEAD, MOVE_AT, MOVE_IN, MOVE_TOTAL, MOVE_FIT, MOVE_RULE = range(6)

# What is kept in mind of the lead under way
HELD, OPEN, EVER, ENDED_AT, RECORD, HEIGHTS, MOVES, OVERFLOW = range(8)

RISE, FALL = np.arange(2)


class Leads(NamedTuple):
    """Facts [start, stop), epochs [first, last), and the instant at which a colleague excluded the lead."""

    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    barred_at: NDArray[np.int64]


class Epochs(NamedTuple):
    since: NDArray[np.int64]
    base: NDArray[np.int64]
    critical: NDArray[np.int32]
    disqualified: NDArray[np.int32]


class Line(NamedTuple):
    """Heights are noted from `lowest` to `highest`; the threshold lies between them."""

    threshold: int
    fit_floor: int
    margin: int
    lowest: int
    highest: int
    until: int


class Lists(NamedTuple):
    heights: NDArray[np.int64]
    moves: NDArray[np.int64]
    critical_at: NDArray[np.int64]


class Look(NamedTuple):
    """What holds from one turn to the next."""

    row: int
    fit: int
    barred: bool
    critical: np.int64


@compiled
def walk(facts, model, epochs, leads, line, lists, begin, end, note):
    """Leads [begin, end). (the first lead not walked, why): FULL and CRAMPED ask for room, others are faults."""
    mind = note.mind
    mind[HEIGHTS] = mind[MOVES] = 0
    for lead in range(begin, end):
        heights, moves = mind[HEIGHTS], mind[MOVES]
        mind[HELD] = mind[OPEN] = mind[EVER] = mind[OVERFLOW] = 0
        mind[ENDED_AT], mind[RECORD] = -NEVER, line.lowest - 1
        count, fault = gather(facts, model, leads.start[lead], leads.stop[lead], line.until, note)
        if fault:
            return lead, fault
        touched = note.touched[:count]
        if _may_matter(model, epochs, leads, line, lead, touched, note):
            _walk_one(facts, model, epochs, leads, line, lists, lead, touched, note)
        if mind[OVERFLOW]:
            mind[HEIGHTS], mind[MOVES] = heights, moves
            lists.critical_at[lead] = NEVER
            return lead, FULL
    return end, 0


@compiled
def _may_matter(model, epochs, leads, line, lead, touched, note):
    """Most leads come nowhere near the line, whatever the order of things."""
    first, last = leads.first[lead], leads.last[lead]
    if most_ever(model, epochs.base, first, last, line.fit_floor, touched, note) >= line.lowest:
        return True
    for rule in touched:
        if model.rules[rule, EFFECT] == CRITICAL:
            return True
    for epoch in range(first, last):
        if epochs.critical[epoch] != NO_RULE:
            return True
    return epochs.critical[0] != NO_RULE


@compiled
def _walk_one(facts, model, epochs, leads, line, lists, lead, touched, note):
    """Turn by turn where something may happen, fact by fact where nothing can."""
    epoch, last = leads.first[lead], leads.last[lead]
    at, row, fact = NEVER, 0, leads.start[lead]
    if fact < leads.stop[lead]:
        at = facts.at[fact]
    if epoch < last:
        at = min(at, epochs.since[epoch])
    while at <= line.until:
        while epoch < last and epochs.since[epoch] <= at:
            row, epoch = epoch, epoch + 1
        move_on(model.rules, touched, note, at)
        outside = _next_outside(epochs, epoch, last, leads.barred_at[lead], line.until, at)
        turn = min(next_turn(model.rules, touched, note, at), outside)
        look = _look(model, epochs, row, touched, note, at, leads.barred_at[lead] <= at)
        _stand(model, epochs, line, lists, lead, touched, note, look, at, turn)
        if not _is_quiet(model, epochs.base, line, look, touched, note):
            at = turn
            continue
        while fact < leads.stop[lead] and facts.at[fact] <= at:
            fact += 1
        news = _news(line, note.mind) if look.fit >= line.fit_floor else NEVER
        at = outside
        if fact < leads.stop[lead]:
            fact, at = take_in(facts, model, row, epochs.base, note, fact, leads.stop[lead], outside, news)


@compiled
def _next_outside(epochs, epoch, last, barred_at, until, at):
    """The next instant at which something other than a fact or time changes the lead; the end at the latest."""
    following = until + 1
    if epoch < last:
        following = min(following, epochs.since[epoch])
    return min(following, barred_at) if barred_at > at else following


@compiled
def _is_quiet(model, base, line, look, touched, note):
    """Only a new fact can bring news, because even without losses the lead has not enough."""
    if note.mind[HELD] or look.critical != NO_RULE:
        return False
    bound_anew(model.rules, touched, note)
    return look.fit < line.fit_floor or bound_from(model, base, look.row, note) < _news(line, note.mind)


@compiled
def _news(line, mind):
    """The least total that would be news of a lead outside."""
    if mind[RECORD] >= line.threshold:
        return np.int64(line.threshold)
    return mind[RECORD] + 1


@compiled
def _look(model, epochs, row, touched, note, at, barred):
    rules, critical = model.rules, np.int64(epochs.critical[row])
    barred = barred or epochs.disqualified[row] != NO_RULE
    for rule in touched:
        effect = rules[rule, EFFECT]
        if effect == GIVES_POINTS or not satisfied(rules, rule, note, at):
            continue
        if effect == DISQUALIFIES:
            barred = True
        elif critical == NO_RULE or rule < critical:
            critical = rule
    return Look(row, fit_of(model, epochs.base, row), barred, critical)


@compiled
def _stand(model, epochs, line, lists, lead, touched, note, look, at, turn):
    """From `at` until just before `turn`."""
    mind, critical = note.mind, look.critical != NO_RULE
    if critical and not look.barred:
        lists.critical_at[lead] = min(lists.critical_at[lead], at)
    if not mind[HELD]:
        most = total_of(model, epochs.base, look.row, touched, note, FROM_ABOVE, at, at, at)
        if look.barred or (not critical and (look.fit < line.fit_floor or most < _news(line, mind))):
            return
    total = total_of(model, epochs.base, look.row, touched, note, AT, at, at, at)
    fades = remember_masses(model.rules, touched, note)
    _judge(model, line, lists, lead, touched, note, look, at, total)
    if fades and turn > at + 1:
        _while_fading(model, epochs, line, lists, lead, touched, note, look, at, turn - 1)


@compiled
def _judge(model, line, lists, lead, touched, note, look, at, total):
    mind = note.mind
    fits = look.fit >= line.fit_floor and not look.barred
    if fits and mind[RECORD] < total and mind[RECORD] < line.highest:
        _note_height(lists, note, lead, at, min(total, line.highest))
    critical = look.critical != NO_RULE and not look.barred
    stays = mind[HELD] == 1 and fits and total >= line.threshold - line.margin
    holds = critical or stays or (fits and total >= line.threshold)
    if holds and not mind[OPEN] and _may_open(model, note, touched, look, at):
        mind[OPEN] = mind[EVER] = 1
        _note_move(lists, note, lead, at, 1, total, look)
    elif mind[OPEN] and not holds:
        mind[OPEN], mind[ENDED_AT] = 0, at
        _note_move(lists, note, lead, at, 0, total, look)
    mind[HELD] = 1 if holds else 0


@compiled
def _may_open(model, note, touched, look, at):
    """The first time without conditions; later only when something that helps happened since the last end."""
    if not note.mind[EVER]:
        return True
    rules, newest = model.rules, -NEVER
    for rule in touched:
        low, high = note.state[rule, LOW], note.state[rule, HIGH]
        helps = rules[rule, SIGN] > 0 and note.state[rule, NOW] > 0
        if low < high and (helps or rule == look.critical):
            newest = max(newest, note.at[high - 1])
    return newest > note.mind[ENDED_AT]


@compiled
def _note_height(lists, note, lead, at, total):
    place, before = note.mind[HEIGHTS], note.mind[RECORD]
    note.mind[RECORD] = total
    if place == len(lists.heights):
        note.mind[OVERFLOW] = 1
        return
    row = lists.heights[place]
    row[HEIGHT_LEAD], row[HEIGHT_AT], row[HEIGHT_FROM], row[HEIGHT_TOTAL] = lead, at, before, total
    note.mind[HEIGHTS] += 1


@compiled
def _note_move(lists, note, lead, at, way_in, total, look):
    place = note.mind[MOVES]
    if place == len(lists.moves):
        note.mind[OVERFLOW] = 1
        return
    row = lists.moves[place]
    row[MOVE_LEAD], row[MOVE_AT], row[MOVE_IN] = lead, at, way_in
    row[MOVE_TOTAL], row[MOVE_FIT], row[MOVE_RULE] = total, look.fit, look.critical
    note.mind[MOVES] += 1


# While nothing but time passes


@compiled
def _while_fading(model, epochs, line, lists, lead, touched, note, look, at, last):
    """Finds the rises and falls that matter in (at, last], one after the other."""
    rises = losses_fade(model.rules, touched, note)
    while at < last and not look.barred and look.fit >= line.fit_floor:
        found, goal = NEVER, _goal(line, note.mind)
        if rises and goal < NEVER:
            found = _first(RISE, goal, model, epochs, touched, note, look, at, last)
        if note.mind[HELD] and look.critical == NO_RULE:
            end, least = min(last, found), line.threshold - line.margin
            found = min(found, _first(FALL, least, model, epochs, touched, note, look, at, end))
        if found == NEVER:
            return
        at = found
        total = total_of(model, epochs.base, look.row, touched, note, AT, at, at, at)
        _judge(model, line, lists, lead, touched, note, look, at, total)


@compiled
def _goal(line, mind):
    """The least total that would be news; NEVER when none would."""
    if not mind[HELD]:
        return _news(line, mind)
    return mind[RECORD] + 1 if mind[RECORD] < line.highest else NEVER


@compiled
def _first(way, goal, model, epochs, touched, note, look, at, last):
    """The first instant in (at, last] with at least `goal` points (RISE) or fewer (FALL); NEVER for none."""
    start, reach = at + 1, last - at
    while start <= last:
        end = min(start + reach - 1, last)
        gains, losses = (start, end) if way == RISE else (end, start)
        bound = total_of(model, epochs.base, look.row, touched, note, AT, at, gains, losses)
        if (bound < goal) == (way == RISE):
            start, reach = end + 1, reach * 2
        elif start == end:
            return start
        else:
            reach = max((end - start + 1) // 2, 1)
    return NEVER
