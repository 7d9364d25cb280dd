"""The next best question: which unknown field could move somebody's fit furthest, under the published version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scoring.conditions import Verdict, verdict
from scoring.definition import published
from scoring.language import Model, Rule


def next_questions(fields: Sequence[str], known: Mapping[str, Any]) -> list[str]:
    """Asked by leads.questions. Fields that no rule asks about stand in no place."""
    found = published()
    return ranked(found[1], fields, known) if found else []


def ranked(model: Model, fields: Sequence[str], known: Mapping[str, Any]) -> list[str]:
    """Pure. A rule that another known value has decided already moves nothing."""
    open_rules = [rule for rule in model.active("fit") if not _decided_against(rule, known)]
    spans = {name: _span(open_rules, name) for name in fields if known.get(name) in (None, "", [])}
    telling = [name for name, span in spans.items() if span]
    return sorted(telling, key=lambda name: (-spans[name], name))


def _span(rules: Sequence[Rule], name: str) -> int:
    """From the worst answer to the best, at most. A disqualifying rule is worth a whole score."""
    about = [rule for rule in rules if any(condition.field == name for condition in rule.conditions)]
    return sum(abs(rule.points) if rule.effect == "points" else 100 for rule in about)


def _decided_against(rule: Rule, known: Mapping[str, Any]) -> bool:
    return any(
        verdict(condition, known[condition.field]) == Verdict.MISS
        for condition in rule.conditions
        if known.get(condition.field) not in (None, "", [])
    )
