"""Ideas and the scorecard as suggestions: plain data to be kept, with what was measured in words."""

from __future__ import annotations

from typing import Any

from scoring.health.findings import said
from scoring.health.learning import Lesson
from scoring.health.suggesting import Idea
from scoring.language import Model

WORDS = {"sql": "became SQL", "won": "were won"}
BAD = {"sql": "rejected", "won": "lost"}
GOOD = {"sql": "accepted", "won": "won"}


def suggestions_of(model: Model, lesson: Lesson, line: int, qualify: int) -> list[dict[str, Any]]:
    found = [_of_idea(idea) for idea in sorted(lesson.ideas, key=lambda idea: idea.chance)]
    if lesson.card is not None:
        found.insert(0, _of_card(model, lesson, line, qualify))
    return found


def _of_idea(idea: Idea) -> dict[str, Any]:
    return {
        "kind": idea.change,
        "change": {"rule": idea.rule.to_data()},
        "words": _headline(idea)[:300],
        "measure": {
            "outcome": idea.outcome,
            "having": [idea.lift.having.part, idea.lift.having.whole],
            "everybody": [idea.lift.everybody.part, idea.lift.everybody.whole],
            "chance": idea.chance,
            "looked_at": idea.looked_at,
            "stopped": list(idea.stopped),
        },
    }


def _headline(idea: Idea) -> str:
    if idea.change == "off":
        return f"Switch off “{idea.rule.name}” ({said(idea.before)})"
    if idea.change == "points":
        return f"{idea.rule.name}: {said(idea.rule.points)} instead of {said(idea.before)}"
    if idea.rule.effect == "disqualify":
        return f"{idea.rule.name}: exclude"
    return f"{idea.rule.name}: {said(idea.rule.points)}"


def stopped_words(outcome: str, stopped: list[int]) -> str:
    """As in: would have stopped 31 of 40 rejected leads, and 2 of 60 accepted ones."""
    bad, all_bad, good, all_good = stopped
    if not bad and not good:
        return "Would have stopped no lead that qualified."
    return (
        f"Would have stopped {bad:,} of {all_bad:,} {BAD[outcome]} leads,"
        f" and {good:,} of {all_good:,} {GOOD[outcome]} ones."
    )


def note_of(words: str, measure: dict[str, Any]) -> str:
    """Why the draft exists; fits into a version's note."""
    if "having" not in measure:
        return f"Suggested: {words}"[:300]
    part, whole = measure["having"]
    shown = f"{part} of {whole} with it {WORDS[measure['outcome']]}"
    effect = stopped_words(measure["outcome"], measure["stopped"])
    return f"Suggested: {words[:140]}. {shown}. {effect}"[:300]


def _of_card(model: Model, lesson: Lesson, line: int, qualify: int) -> dict[str, Any]:
    card = lesson.card
    assert card is not None
    return {
        "kind": "card",
        "change": {"rules": [rule.to_data() for rule in lesson.card_rules], "line": line},
        "words": f"A scorecard of {len(lesson.card_rules)} rules, line {line}",
        "measure": {
            "learnt_from": card.learnt_from,
            "judged_on": card.judged_on,
            "positives": card.positives,
            "qualify": qualify,
            "areas": {
                name: [area.value, area.low, area.high]
                for name, area in (
                    ("The points", card.rounded),
                    ("The weights, not rounded", card.unrounded),
                    (f"Version {model.version}, in force", card.in_force),
                )
            },
        },
    }
