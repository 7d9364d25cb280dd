"""What would do better, measured on leads whose outcome is known. Arrays in, ideas out.

Chance  many candidates are looked at, so some look good by luck: what is shown passes Benjamini–Hochberg at 5%
Stopped every "would have stopped" is counted by scoring the decided leads with the changed definition, with its caps,
        groups and critical signals, each as of the instant it qualified
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from scoring.health.candidates import SUPPORT
from scoring.health.figures import Lift, benjamini_hochberg, jaccard
from scoring.health.findings import _side, points_for
from scoring.health.flags import Flags, Ints
from scoring.language import Group, Model, Rule
from scoring.shares import Share

FALSE_SHARE = 0.05
BETTER, WORSE = 1.5, 0.67  # lifts worth a rule
ALIKE, KNOWN = 0.6, 0.9  # Jaccard of an idea with a stronger one, and with a rule there is
MOST = 5  # ideas of a kind
HOPELESS = 0.1  # the upper end of the share: leads with it are not worth a call

Bools = NDArray[np.bool_]
Qualifies = Callable[[Model], Bools]  # of each decided lead at its instant


@dataclass(frozen=True)
class Idea:
    """`change` is add, points or off. `stopped` has (bad stopped, bad, good stopped, good) of those who qualify now."""

    change: str
    rule: Rule
    outcome: str
    lift: Lift
    chance: float
    looked_at: int
    stopped: tuple[int, int, int, int]
    before: int = 0  # points, for a change of them


def lift_of(flag: Flags, outcome: Ints) -> Lift:
    """Of the decided: `outcome` is 1 or 0 there and -1 elsewhere."""
    decided = outcome >= 0
    having = decided & (flag == 1)
    return Lift(
        Share(int((outcome[having] == 1).sum()), int(having.sum())),
        Share(int((outcome == 1).sum()), int(decided.sum())),
    )


def added(
    model: Model,
    tried: Sequence[Rule],
    flags: Flags,
    known: Flags,
    outcome: Ints,
    name: str,
    qualifies: Qualifies,
) -> list[Idea]:
    """Rules that are missing. `flags` has a column for each tried rule, `known` one for each rule of the model."""
    lifts = [lift_of(flags[:, place], outcome) for place in range(len(tried))]
    large = [
        place
        for place, lift in enumerate(lifts)
        if min(lift.having.whole, lift.lacking.whole) >= SUPPORT and lift.everybody.part
    ]
    chances = benjamini_hochberg([lifts[place].chance for place in large])
    good = [
        (chance, place)
        for chance, place in zip(chances, large, strict=True)
        if chance < FALSE_SHARE and _worth_it(lifts[place]) and not _there(flags[:, place], known)
    ]
    picked = _different(sorted(good), flags, lifts)
    return [
        idea
        for chance, place in picked
        if (idea := _new(model, tried[place], lifts[place], name, chance, len(large), outcome, qualifies))
    ]


def _worth_it(lift: Lift) -> bool:
    value = lift.value or 0
    return (lift.verdict == "better" and value >= BETTER) or (lift.verdict == "worse" and value <= WORSE)


def _there(flag: Flags, known: Flags) -> bool:
    both = (known * flag[:, None]).sum(axis=0)
    return any(
        jaccard(int(b), int(flag.sum()), int(k)) >= KNOWN
        for b, k in zip(both, known.sum(axis=0), strict=True)
    )


def _different(
    good: Sequence[tuple[float, int]], flags: Flags, lifts: Sequence[Lift]
) -> list[tuple[float, int]]:
    """The least likely to be chance first, at most so many each way, and nothing twice."""
    picked: list[tuple[float, int]] = []
    for chance, place in good:
        alike = [
            other
            for _, other in picked
            if (lifts[other].verdict == lifts[place].verdict)
            and jaccard(
                int((flags[:, place] & flags[:, other]).sum()),
                int(flags[:, place].sum()),
                int(flags[:, other].sum()),
            )
            >= ALIKE
        ]
        same_way = sum(lifts[other].verdict == lifts[place].verdict for _, other in picked)
        if not alike and same_way < MOST:
            picked.append((chance, place))
    return picked


def _new(
    model: Model,
    rule: Rule,
    lift: Lift,
    name: str,
    chance: float,
    looked_at: int,
    outcome: Ints,
    qualifies: Qualifies,
) -> Idea | None:
    points = points_for(lift, model.threshold)
    group = _home(model, rule, points)
    if group is None or not points:
        return None
    rule = replace(rule, group=group.key, points=points, key=_own_key(model, rule.key))
    if lift.verdict == "worse" and rule.subject == "fit" and lift.having.interval[1] < HOPELESS:
        rule = replace(rule, effect="disqualify", points=0)
    changed = replace(model, rules=(*model.rules, rule))
    return Idea("add", rule, name, lift, chance, looked_at, stopped(model, changed, outcome, qualifies))


def _home(model: Model, rule: Rule, points: int) -> Group | None:
    """The group with the most room for it."""
    axis = "fit" if rule.subject == "fit" else "engagement"
    groups = [group for group in model.groups if group.axis == axis]
    room = (lambda group: group.maximum) if points > 0 else (lambda group: -group.minimum)
    return max(groups, key=room, default=None)


def _own_key(model: Model, key: str) -> str:
    """No rule of the model has it."""
    taken, number, found = {rule.key for rule in model.rules}, 1, key
    while found in taken:
        number += 1
        found = f"{key}-{number}"
    return found


def changed(model: Model, known: Flags, outcome: Ints, name: str, qualifies: Qualifies) -> list[Idea]:
    """Rules of the model whose points say something else than their lift."""
    rows = [row for row, rule in enumerate(model.rules) if rule.enabled and rule.effect == "points"]
    lifts = {row: lift_of(known[:, row], outcome) for row in rows}
    chances = benjamini_hochberg([lifts[row].chance for row in rows])
    found = []
    for row, chance in zip(rows, chances, strict=True):
        rule, lift = model.rules[row], lifts[row]
        worth = points_for(lift, model.threshold)
        if lift.verdict == "unsure" or chance >= FALSE_SHARE or not _far(rule.points, worth):
            continue
        against = worth * _side(rule) <= 0
        other = replace(rule, enabled=False) if against else replace(rule, points=worth)
        after = replace(model, rules=(*model.rules[:row], other, *model.rules[row + 1 :]))
        effect = stopped(model, after, outcome, qualifies)
        change = "off" if against else "points"
        found.append(Idea(change, other, name, lift, chance, len(rows), effect, rule.points))
    return sorted(found, key=lambda idea: idea.chance)[:MOST]


def _far(points: int, worth: int) -> bool:
    least, most = sorted((abs(points), abs(worth)))
    return points * worth <= 0 or most >= 1.5 * least


def stopped(before: Model, after: Model, outcome: Ints, qualifies: Qualifies) -> tuple[int, int, int, int]:
    was = qualifies(before) & (outcome >= 0)
    gone = was & ~qualifies(after)
    bad, good = outcome == 0, outcome == 1
    return (
        int((gone & bad).sum()),
        int((was & bad).sum()),
        int((gone & good).sum()),
        int((was & good).sum()),
    )
