"""The specification is true: every example of docs/scoring.md has the score it claims, by oracle and kernel."""

import json
import re
from pathlib import Path

import pytest

from scoring import rules
from scoring.batch import gather, score_many
from scoring.compiler import compile_model
from scoring.explanation import explain
from scoring.fit import fit_points
from scoring.language import SECOND, Fact, Group, Model, Rule, Shape
from scoring.validation import problems
from tests.scoring.cases import DAY, HOUR, NOW, model_of

PAGE = Path(__file__).parents[2] / "docs" / "scoring.md"
EXAMPLES = [
    json.loads(block) for block in re.findall(r"```json example\n(.*?)```", PAGE.read_text(), re.DOTALL)
]
UNITS = {"s": 1, "h": HOUR, "d": DAY}
SETTINGS = ("threshold", "fit_floor", "margin")


def seconds_of(text: str) -> int:
    return int(text[:-1]) * UNITS[text[-1]]


def model_from(example: dict) -> Model:
    written = example.get("rules", [{"key": "rule", **example.get("rule", {})}])
    found = [{"subject": "behaviour", "group": rule.get("subject", "engagement"), **rule} for rule in written]
    terms = {name: example[name] for name in SETTINGS if name in example}
    if "groups" in example:
        terms["groups"] = tuple(map(Group.from_data, example["groups"]))
    return model_of(*(Rule.from_data({"name": rule["key"], **rule}) for rule in found), **terms)


def history_from(example: dict) -> tuple[dict[int, Shape], list[Fact]]:
    shapes, facts = {}, []
    for number, line in enumerate(example.get("activities", ()), start=1):
        age, kind, *pairs = line.split()
        props = dict(pair.split("=") for pair in pairs)
        measures = {name: int(props.pop(name)) for name in ("seconds", "amount") if name in props}
        shapes[number] = Shape(kind, props)
        facts.append(Fact(number, NOW - seconds_of(age) * SECOND, id=number, **measures))
    return shapes, facts


@pytest.mark.parametrize("example", EXAMPLES, ids=range(1, len(EXAMPLES) + 1))
def test_an_example_has_the_score_it_claims(example):
    model, (shapes, facts) = model_from(example), history_from(example)
    fields, claims = example.get("fields", {}), dict(example["expect"])
    assert problems(model) == []

    told = explain(model, shapes, facts, fields, NOW)
    by_kernel = score_many(
        compile_model(model, shapes),
        gather([facts]),
        fit_points(model, {name: [value] for name, value in fields.items()}, 1),
        NOW,
    )

    assert by_kernel.total == [told.score.total]
    if "lines" in claims:
        assert [line.points for line in told.lines] == claims.pop("lines")
    if "stays" in claims:
        assert rules.holds(told.score, was_qualified=True, model=model) == claims.pop("stays")
    if "changes_in" in claims:
        assert by_kernel.next_change_at == [NOW + seconds_of(claims.pop("changes_in")) * SECOND]
    assert claims == {name: getattr(told.score, name) for name in claims}


def test_the_page_has_its_examples():
    assert len(EXAMPLES) >= 15
