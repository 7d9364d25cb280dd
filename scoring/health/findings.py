"""What is wrong with which rule, said with numbers and their base, the worst first. Pure.

Weights order the findings: what misleads sales before what is merely dead weight.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from scoring.health.counting import Counts
from scoring.health.figures import Lift, holm, jaccard, two_shares
from scoring.language import Model, Rule
from scoring.shares import FEW, Share

NEARLY_ALL = 0.9
SAME = 0.8  # Jaccard; and the share of a rule's leads that another rule contradicts
SHADOWED = 0.5  # of a rule's points lost
LEVEL = 0.01  # drift is looked for in many rules, so the chance is corrected (Holm)
MUCH = 1.5  # times more or less often is drift worth a line
DOUBLING = 0.15  # of the line: what odds twice as good are worth
DAYS = 90


@dataclass(frozen=True)
class Finding:
    """`what` names the kind; `text` has the numbers; `advice` says what to do. `weight` orders them."""

    what: str
    label: str
    rule: Rule
    text: str
    advice: str
    tone: str
    weight: float


Learnt = dict[str, Lift]  # by rule key


def findings(model: Model, counts: Counts, learnt: Learnt, word: str) -> list[Finding]:
    """`word` is the outcome that `learnt` measured, as in "became SQL"."""
    found = [
        *_lifts(model, learnt, word),
        *_proportions(model, learnt, word),
        *_pairs(model, counts),
        *_drifts(model, counts),
        *_shadows(model, counts),
        *_often(model, counts),
    ]
    return sorted(found, key=lambda each: (-each.weight, each.rule.key))


def enabled(model: Model) -> Iterator[tuple[int, Rule]]:
    return ((row, rule) for row, rule in enumerate(model.rules) if rule.enabled)


def _often(model: Model, counts: Counts) -> Iterator[Finding]:
    if counts.active < FEW:
        return
    for row, rule in enabled(model):
        fired = Share(int(counts.fired[row]), counts.active)
        if not fired.part:
            text = f"Never fired in {DAYS} days: 0 of {counts.active:,} active leads."
            advice = "Check its conditions for a spelling that no lead has, or switch it off."
            yield Finding("never", "Never fires", rule, text, advice, "bad", 30)
        elif counts.held[row] > NEARLY_ALL * counts.active:
            share = Share(int(counts.held[row]), counts.active)
            text = f"Holds for nearly everybody: {of(share)} active leads."
            advice = (
                "It moves all scores alike and tells leads apart no more. Ask for more, or switch it off."
            )
            yield Finding("all", "Fires for all", rule, text, advice, "warn", 40 + (share.value or 0))


def _pairs(model: Model, counts: Counts) -> Iterator[Finding]:
    rules = list(enabled(model))
    for place, (row, rule) in enumerate(rules):
        for other_row, other in rules[place + 1 :]:
            both, one, two = (
                int(counts.both[row, other_row]),
                int(counts.held[row]),
                int(counts.held[other_row]),
            )
            if min(one, two) >= FEW:
                yield from _pair((rule, one), (other, two), both)


def _pair(one: tuple[Rule, int], two: tuple[Rule, int], both: int) -> Iterator[Finding]:
    smaller, larger = sorted((one, two), key=lambda each: each[1])
    rule, other = smaller[0], larger[0]
    alike = jaccard(both, one[1], two[1])
    if _against(rule, other):
        share = Share(both, smaller[1])
        if (share.value or 0) >= SAME:
            text = f"Contradicts “{other.name}”: {of(share)} leads it holds for have both, one for and one against."
            advice = "Decide which of the two is meant, or exclude the case from one of them."
            yield Finding("contradicts", "Contradicts", rule, text, advice, "bad", 70 + (share.value or 0))
    elif alike >= SAME and rule.group == other.group:
        text = (
            f"Overlaps “{other.name}”: {of(Share(both, one[1] + two[1] - both))} leads with either have both."
        )
        advice = "They count one thing twice. Keep the one whose lift is higher."
        yield Finding("overlaps", f"Overlaps {alike:.2f}", rule, text, advice, "warn", 50 + alike)


def _against(rule: Rule, other: Rule) -> bool:
    return _side(rule) * _side(other) < 0


def _side(rule: Rule) -> int:
    if rule.effect == "points":
        return (rule.points > 0) - (rule.points < 0)
    return 1 if rule.effect == "critical" else -1


def _shadows(model: Model, counts: Counts) -> Iterator[Finding]:
    for row, rule in enabled(model):
        given = int(counts.given[row])
        by_cap, by_group = Share(int(counts.capped[row]), given), Share(int(counts.clamped[row]), given)
        if counts.held[row] < FEW or given == 0:
            continue
        if (by_group.value or 0) >= SHADOWED:
            name = next(group.name for group in model.groups if group.key == rule.group)
            text = f"The limits of “{name}” take {of(by_group)} points it gave to active leads."
            advice = "Widen the group, or lower the rules that fill it before this one counts."
            yield Finding("shadowed", "Shadowed", rule, text, advice, "warn", 35 + (by_group.value or 0))
        elif (by_cap.value or 0) >= SHADOWED:
            text = f"Its own cap takes {of(by_cap)} points it gave to active leads."
            advice = "Raise the cap if more of it should count, or give the points once instead of each time."
            yield Finding("capped", "Capped", rule, text, advice, "", 20 + (by_cap.value or 0))


def _drifts(model: Model, counts: Counts) -> Iterator[Finding]:
    rules = list(enabled(model))
    if min(counts.active, counts.active_then) < FEW:
        return
    pairs = [
        (
            Share(int(counts.held[row]), counts.active),
            Share(int(counts.held_then[row]), counts.active_then),
        )
        for row, _ in rules
    ]
    chances = holm([two_shares(now, then) for now, then in pairs])
    for (_, rule), (now, then), chance in zip(rules, pairs, chances, strict=True):
        low, high = sorted((now.value or 0, then.value or 0))
        if chance < LEVEL and high >= MUCH * low:
            way = "more" if (now.value or 0) > (then.value or 0) else "less"
            text = f"Holds {way} often than a quarter ago: {of(now)} active leads now, {of(then)} then."
            advice = "Look for what changed: a campaign, a form, a page that moved, an import."
            weight = 45 + np.log2(high / max(low, 1 / counts.active))
            yield Finding("drifts", "Drifts", rule, text, advice, "warn", min(float(weight), 49.9))


def _lifts(model: Model, learnt: Learnt, word: str) -> Iterator[Finding]:
    for _, rule in enabled(model):
        lift = learnt.get(rule.key)
        if lift is None:
            continue
        if _side(rule) > 0 and lift.verdict == "worse":
            text = f"Speaks for leads that do worse: {of(lift.having)} with it {word}, {of(lift.lacking)} without."
            advice = "Lower its points or switch it off; below is what that would change."
            yield Finding(
                "lift", f"Lift {lift.value:.2f}", rule, text, advice, "bad", 100 - (lift.value or 0)
            )
        elif _side(rule) < 0 and lift.verdict == "better":
            text = f"Speaks against leads that do better: {of(lift.having)} with it {word}, {of(lift.lacking)} without."
            advice = "Find out whether sales sees it as marketing does, and take the minus back."
            yield Finding(
                "lift", f"Lift {lift.value:.2f}", rule, text, advice, "bad", 98 + min(lift.value or 0, 2)
            )


def _proportions(model: Model, learnt: Learnt, word: str) -> Iterator[Finding]:
    """Rules on the right side whose points say much more, or much less, than what was measured."""
    for _, rule in enabled(model):
        lift = learnt.get(rule.key)
        if lift is None or rule.effect != "points" or lift.verdict == "unsure":
            continue
        worth = points_for(lift, model.threshold)
        if worth * rule.points <= 0 or max(abs(worth), abs(rule.points)) < 2.5 * min(
            abs(worth), abs(rule.points)
        ):
            continue
        text = (
            f"Gives {said(rule.points)}; its lift of {lift.value:.2f} would be worth about {said(worth)}"
            f" ({of(lift.having)} with it {word}, {of(lift.lacking)} without)."
        )
        advice = "Bring its points nearer to what it says."
        label = "Too strong" if abs(rule.points) > abs(worth) else "Too weak"
        yield Finding("proportion", label, rule, text, advice, "warn", 55)


def points_for(lift: Lift, line: int) -> int:
    """Odds twice as good are worth a fixed part of the line, half as good as much less; at most half the line."""
    most = max(line // 2, 1)
    return max(-most, min(most, round(lift.doublings * max(line, 1) * DOUBLING)))


def said(points: int) -> str:
    return f"{'+' if points > 0 else '−' if points < 0 else ''}{abs(points):,}"


def of(share: Share) -> str:
    """As in: 18.9% of 604."""
    return f"{100 * (share.value or 0):.1f}% of {share.whole:,}"
