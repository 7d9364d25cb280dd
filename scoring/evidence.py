"""The activities behind one line of an explanation, with the points each gives at that instant."""

from __future__ import annotations

from dataclasses import dataclass

from leads.models import Lead
from leads.timeline import Entry, entries_of
from scoring.explain import Explanation
from scoring.facts import instant
from scoring.language import SCALE, Fact, Rule
from scoring.rules import Tally, occurrence_mass

MOST = 50  # the newest


@dataclass(frozen=True)
class Occurrence:
    """`points` before the cap; None where it only helped to reach the number that the rule asks for."""

    entry: Entry
    cursor: str
    points: float | None


@dataclass(frozen=True)
class Evidence:
    occurrences: list[Occurrence]
    earlier: int
    satisfied: bool
    held: bool


def evidence_of(lead: Lead, found: Explanation, rule: Rule) -> Evidence:
    tally = next(tally for tally in found.course.tallies() if tally.rule.key == rule.key)
    shown = tally.counted[:MOST]
    by_id = {fact.id: fact for fact in shown}
    entries = entries_of(lead.pk, [(instant(fact.occurred_at), fact.id) for fact in shown])
    return Evidence(
        occurrences=[
            Occurrence(entry, cursor, _points(tally, by_id[entry.id], found.course.as_of))
            for entry, cursor in entries
            if entry.id in by_id
        ],
        earlier=len(tally.counted) - len(shown),
        satisfied=tally.satisfied,
        held=abs(tally.worth) != tally.mass,
    )


def _points(tally: Tally, fact: Fact, as_of: int) -> float | None:
    """Under a threshold the whole award is the newest one's."""
    rule = tally.rule
    sign = 1 if rule.gives > 0 else -1
    if rule.effect != "points" or not tally.mass:
        return None
    if rule.mode == "each":
        return sign * round(occurrence_mass(rule, fact, as_of) / SCALE, 1)
    return sign * round(tally.mass / SCALE, 1) if fact is tally.counted[0] else None
