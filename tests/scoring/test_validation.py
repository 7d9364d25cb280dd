"""A model that cannot be right is refused with words that say where and why."""

from dataclasses import replace

import pytest

from scoring.language import Condition, Group
from scoring.sentences import sentence
from scoring.validation import problems
from tests.scoring.cases import DAY, ENGAGEMENT, FIT, behaviour, fit, model_of

TITLE = Condition("title", "is", "vp")
GOOD = model_of(
    behaviour(window_seconds=7 * DAY, n=3, cap=25, decay="half_life", decay_seconds=30 * DAY),
    behaviour("each", mode="each", aggregate="distinct", distinct_by="asset"),
    behaviour("custom", activity="custom:seat-added", aggregate="sum", n=600),
    behaviour("demo", activity="demo_request", effect="critical", points=0),
    fit("title", TITLE),
)


def fields_of(model, rule_key):
    return {problem.field for problem in problems(model) if problem.rule_key == rule_key}


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"cap": 5}, "cap"),
        ({"n": 3}, "n"),
        ({"aggregate": "sum"}, "n"),
        ({"mode": "each"}, "mode"),
        ({"window_seconds": DAY}, "window_seconds"),
        ({"decay": "half_life", "decay_seconds": 3 * DAY}, "decay"),
        ({"activity": "page_view"}, "activity"),
        ({"conditions": ()}, "conditions"),
    ],
)
def test_a_fit_rule_takes_nothing_that_would_do_nothing(terms, field):
    rule = replace(fit("title", TITLE), **terms)

    assert fields_of(model_of(rule), "title") == {field}
    assert "at most" not in sentence(rule)
    assert "halving" not in sentence(rule)


def test_a_good_model_has_no_problems():
    assert problems(GOOD) == []


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"activity": ""}, "activity"),
        ({"activity": "page_viewed"}, "activity"),
        ({"window_seconds": 0}, "window_seconds"),
        ({"window_seconds": -5}, "window_seconds"),
        ({"window_seconds": 3_651 * DAY}, "window_seconds"),
        ({"n": 0}, "n"),
        ({"n": 1_000_001}, "n"),
        ({"aggregate": "distinct"}, "distinct_by"),
        ({"decay": "half_life"}, "decay_seconds"),
        ({"decay": "expiry", "decay_seconds": 3_651 * DAY}, "decay_seconds"),
        ({"cap": 0}, "cap"),
        ({"points": 0}, "points"),
        ({"points": 10_001}, "points"),
        ({"effect": "critical"}, "points"),
        ({"effect": "critical", "points": 0, "mode": "each"}, "mode"),
        ({"mode": "each", "n": 3}, "n"),
        ({"group": "nowhere"}, "group"),
        ({"group": "fit"}, "group"),
        ({"mode": "sometimes"}, "mode"),
        ({"effect": "sparkle", "points": 0}, "effect"),
        ({"conditions": (Condition("seconds", "contains_word", "a"),)}, "conditions"),
        ({"conditions": (Condition("seconds", "at_least", 1.5),)}, "conditions"),
    ],
)
def test_a_wrong_behaviour_rule_is_named_at_its_field(terms, field):
    assert fields_of(model_of(behaviour(**terms)), "views") == {field}


@pytest.mark.parametrize(
    "condition",
    [
        Condition("", "is", "a"),
        Condition("title", "sounds_like", "a"),
        Condition("title", "is"),
        Condition("title", "is", "  "),
        Condition("title", "is", ("a", "b")),
        Condition("title", "in", ()),
        Condition("title", "known", "a"),
        Condition("size", "at_least", "many"),
        Condition("size", "between", (200, 50)),
        Condition("size", "between", (200,)),
    ],
)
def test_a_wrong_condition_is_refused(condition):
    assert fields_of(model_of(fit("title", condition)), "title") == {"conditions"}


def test_a_fit_rule_without_conditions_would_match_everybody():
    assert fields_of(model_of(fit("title")), "title") == {"conditions"}
    assert fields_of(model_of(behaviour()), "views") == set()


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"threshold": 2_001}, "threshold"),
        ({"fit_floor": 1_001}, "fit_floor"),
        ({"fit_cuts": (30, 30, 10)}, "fit_cuts"),
        ({"engagement_cuts": (10, 20, 30)}, "engagement_cuts"),
        ({"margin": -1}, "margin"),
        ({"groups": (FIT, ENGAGEMENT, Group("more", "More", "fit", 5, 1))}, "groups"),
        ({"groups": (FIT, ENGAGEMENT, Group("more", "More", "luck", 1, 5))}, "groups"),
        ({"groups": (FIT, ENGAGEMENT, Group("more", "More", "fit", 0, 1_000_001))}, "groups"),
        ({"groups": (FIT, ENGAGEMENT, ENGAGEMENT)}, "groups"),
    ],
)
def test_a_wrong_model_is_named_at_its_field(terms, field):
    model = replace(model_of(behaviour()), **terms)

    assert fields_of(model, None) == {field}


def test_two_rules_cannot_share_a_key():
    assert fields_of(model_of(behaviour(), behaviour()), None) == {"rules"}


def test_a_line_no_points_reach_is_fine_when_something_is_critical():
    assert problems(replace(GOOD, threshold=5_000)) == []
