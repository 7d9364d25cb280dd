"""Ideas and the scorecard as suggestions: plain data to be kept, with what was measured in words."""

from __future__ import annotations

from typing import Any

from scoring.health.findings import said
from scoring.health.learning import Lesson
from scoring.health.populations import FILES, LEAST, LEAST_RARER, Basis
from scoring.health.suggesting import Idea
from scoring.language import Model

WORDS = {"sql": "became SQL", "won": "were won"}
BAD = {"sql": "rejected", "won": "lost"}
GOOD = {"sql": "accepted", "won": "won"}


def suggestions_of(model: Model, lesson: Lesson, line: int, qualify: int) -> list[dict[str, Any]]:
    ranked = sorted(lesson.ideas, key=lambda idea: idea.chance)
    found = [_of_idea(idea, lesson.bases[idea.outcome]) for idea in ranked]
    if lesson.card is not None:
        found.insert(0, _of_card(model, lesson, line, qualify))
    return found


def _of_idea(idea: Idea, basis: Basis) -> dict[str, Any]:
    return {
        "kind": idea.change,
        "change": {"rule": idea.rule.to_data()},
        "words": _headline(idea)[:300],
        "measure": {
            "outcome": idea.outcome,
            "basis": basis.chosen,
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


def basis_words(outcome: str, basis: Basis) -> str:
    """Whose outcomes these are, how many, and as of which instant each was looked at."""
    cycles, files = basis.cycles, basis.files
    if basis.from_files:
        return (
            f"{files.part:,} of {files.whole:,} leads with a result from a file {WORDS[outcome]}. Lifts are measured"
            " on these alone, each as it was known when its result was recorded, which may be after it was decided."
            f" Decided cycles stay out ({cycles.part:,} of {cycles.whole:,} {WORDS[outcome]}): there are fewer than"
            f" {LEAST}, or fewer than {LEAST_RARER} of one outcome, and rates are not mixed."
        )
    return (
        f"{cycles.part:,} of {cycles.whole:,} leads with a decided cycle {WORDS[outcome]}. Lifts are measured"
        " on these alone, each as it was known when it qualified; nothing later is read."
    ) + (
        f" Results from files stay out ({files.part:,} of {files.whole:,} {WORDS[outcome]}): they name no instant of"
        " qualifying, and rates are not mixed."
        if files.whole
        else ""
    )


def measured_on(chosen: str, whole: int) -> str:
    """The same in short, beside a suggestion."""
    if chosen == FILES:
        return f"Measured on {whole:,} results from files, each lead as known when its result was recorded."
    return f"Measured on {whole:,} decided cycles, each lead as known when it qualified."


def note_of(words: str, measure: dict[str, Any]) -> str:
    """Why the draft exists; fits into a version's note."""
    if "having" not in measure:
        return f"Suggested: {words}"[:300]
    part, whole = measure["having"]
    shown = f"{part} of {whole} with it {WORDS[measure['outcome']]}"
    shown += " (results from files)" if measure["basis"] == FILES else ""
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
            "outcome": lesson.card_outcome,
            "basis": lesson.bases[lesson.card_outcome].chosen,
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
