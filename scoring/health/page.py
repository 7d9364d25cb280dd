"""What the page shows of a report: findings, the rules one by one, and suggestions with their measures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scoring.definition import model_of
from scoring.explain import labels
from scoring.health.counting import Counts
from scoring.health.figures import Lift
from scoring.health.findings import Finding, Learnt, enabled, findings, of
from scoring.health.populations import Basis
from scoring.health.wording import WORDS, basis_words, measured_on, stopped_words
from scoring.language import Model, Rule
from scoring.models import HealthReport, Suggestion
from scoring.sentences import sentence
from scoring.shares import Share

OUTCOMES = {"sql": "Became SQL", "won": "Won"}
MOST_FINDINGS = 40


@dataclass(frozen=True)
class Row:
    """A rule with its figures. `finding` is the worst of them."""

    rule: Rule
    fired: int
    now: Share
    then: Share
    lift: Lift
    finding: Finding | None


@dataclass(frozen=True)
class Page:
    report: HealthReport
    outcome: str
    counts: Counts
    decided: Share
    basis: str
    findings: list[Finding]
    more: int
    rows: list[Row]
    refusal: str
    ideas: list[dict[str, Any]]
    card: dict[str, Any] | None


def page_of(report: HealthReport, outcome: str) -> Page:
    model, counts = model_of(report.version), Counts.from_data(report.result["counts"])
    basis = Basis.from_data(report.result["bases"][outcome])
    learnt = _learnt(report, outcome, basis.share)
    found = findings(model, counts, learnt, WORDS[outcome])
    suggestions = list(report.suggestions.select_related("draft"))
    return Page(
        report=report,
        outcome=outcome,
        counts=counts,
        decided=basis.share,
        basis=basis_words(outcome, basis),
        findings=found[:MOST_FINDINGS],
        more=max(len(found) - MOST_FINDINGS, 0),
        rows=_rows(model, counts, learnt, found),
        refusal=report.result["refusal"],
        ideas=[_idea(each) for each in suggestions if each.kind != Suggestion.Kind.CARD],
        card=next((_card(each) for each in suggestions if each.kind == Suggestion.Kind.CARD), None),
    )


def _learnt(report: HealthReport, outcome: str, everybody: Share) -> Learnt:
    return {key: Lift(Share(*pair), everybody) for key, pair in report.result["lifts"][outcome].items()}


def _rows(model: Model, counts: Counts, learnt: Learnt, found: list[Finding]) -> list[Row]:
    worst: dict[str, Finding] = {}
    for finding in found:
        worst.setdefault(finding.rule.key, finding)
    return [
        Row(
            rule,
            int(counts.fired[row]),
            Share(int(counts.held[row]), counts.active),
            Share(int(counts.held_then[row]), counts.active_then),
            learnt[rule.key],
            worst.get(rule.key),
        )
        for row, rule in enabled(model)
    ]


def _idea(suggestion: Suggestion) -> dict[str, Any]:
    measure = suggestion.measure
    lift = Lift(Share(*measure["having"]), Share(*measure["everybody"]))
    word, rule = WORDS[measure["outcome"]], Rule.from_data(suggestion.change["rule"])
    return {
        "suggestion": suggestion,
        "sentence": sentence(rule, labels()),
        "support": f"{of(lift.having)} with it {word}, {of(lift.lacking)} without.",
        "lift": lift,
        "measured_on": measured_on(measure["basis"], lift.everybody.whole),
        "stopped": stopped_words(measure["outcome"], measure["stopped"]) if _takes(suggestion, rule) else "",
        "looked_at": measure["looked_at"],
        "chance": measure["chance"],
        "percent": 100 * measure["chance"],
    }


def _takes(suggestion: Suggestion, rule: Rule) -> bool:
    """More points stop nobody, so there is nothing to count."""
    return suggestion.kind != Suggestion.Kind.ADD or rule.points < 0 or rule.effect == "disqualify"


def _card(suggestion: Suggestion) -> dict[str, Any]:
    rules = [Rule.from_data(item) for item in suggestion.change["rules"]]
    return {
        "suggestion": suggestion,
        "rules": rules,
        "line": suggestion.change["line"],
        "measured_on": _learnt_on(suggestion.measure),
        **suggestion.measure,
    }


def _learnt_on(measure: dict[str, Any]) -> str:
    """`Became SQL`, and whose."""
    on = measured_on(measure["basis"], measure["learnt_from"] + measure["judged_on"])
    return f"Outcome: {OUTCOMES[measure['outcome']]}. {on}"
