"""Watches in words, and what can never happen is refused before it is saved."""

from dataclasses import replace

import pytest

from scoring.language import DAY, Condition, Group, Model, Rule
from scoring.watches import HOUR, Standing, Watch, contradiction_of, crossed, faults, sentence, words

ACTION = Rule("watch", "", "watched", "behaviour", points=1, activity="demo_request")
PRICING = replace(
    ACTION,
    activity="page_view",
    n=3,
    window_seconds=2 * DAY,
    conditions=(Condition("path", "contains_word", ("pricing",)),),
)
GROUPS = (Group("fit", "Fit", "fit", -20, 40), Group("intent", "Intent", "engagement", 0, 60))
MODEL = Model(1, 65, 10, 5, (30, 20, 10), (45, 30, 15), GROUPS, ())


def watch(**terms):
    return Watch(id=1, **terms)


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"action": ACTION}, "When a lead asks for a demo; at most once in 24 hours for one lead."),
        (
            {"action": PRICING, "only_owned": True, "least_score": 40, "cool_down": 2 * HOUR},
            "When a lead views a pricing page more than 2 times within 2 days, if it has at least 40 points and has"
            " an owner; at most once in 2 hours for one lead.",
        ),
        (
            {"crossing": "rises", "points": 80},
            "When the score of a lead rises to 80 or more; at most once in 24 hours for one lead.",
        ),
        (
            {"crossing": "band", "band": "B2", "only_qualified": True},
            "When a lead reaches band B2 or better, if it qualifies; at most once in 24 hours for one lead.",
        ),
    ],
)
def test_a_watch_is_a_sentence(terms, said):
    assert sentence(watch(**terms)) == said


def test_what_happened_stands_behind_a_name():
    now = Standing(80, "A1", True)

    assert words(watch(action=ACTION), now) == "asked for a demo"
    assert words(watch(action=PRICING), now, 3) == "viewed a pricing page 3 times within 2 days"
    assert words(watch(crossing="falls", points=90), now) == "fell below 90, to 80 points"


@pytest.mark.parametrize(
    ("crossing", "was", "now", "met"),
    [
        ({"crossing": "rises", "points": 80}, Standing(79, "A1", True), Standing(80, "A1", True), True),
        ({"crossing": "rises", "points": 80}, Standing(80, "A1", True), Standing(90, "A1", True), False),
        ({"crossing": "rises", "points": 80}, Standing(0, "", False), Standing(81, "A1", True), True),
        ({"crossing": "falls", "points": 80}, Standing(80, "A1", True), Standing(79, "A1", True), True),
        ({"crossing": "falls", "points": 80}, Standing(0, "", False), Standing(5, "D4", False), False),
        ({"crossing": "band", "band": "B2"}, Standing(50, "C1", False), Standing(60, "B1", False), True),
        ({"crossing": "band", "band": "B2"}, Standing(50, "B2", False), Standing(60, "A1", False), False),
        ({"crossing": "band", "band": "B2"}, Standing(50, "C1", False), Standing(60, "A3", False), False),
    ],
)
def test_a_line_is_crossed_from_one_side_to_the_other(crossing, was, now, met):
    assert crossed(watch(**crossing), was, now) is met


@pytest.mark.parametrize(
    "conditions",
    [
        [("path", "is", "/a"), ("path", "is", "/b")],
        [("path", "in", ("/a", "/b")), ("path", "not_in", ("/a", "/b"))],
        [("path", "is", "/about"), ("path", "starts_with", ("/pricing",))],
        [("seconds", "at_least", 60), ("seconds", "at_most", 30)],
        [("path", "unknown", None), ("path", "contains_word", ("x",))],
    ],
)
def test_conditions_that_never_hold_together_are_named(conditions):
    assert "can meet all its conditions" in contradiction_of([Condition(*each) for each in conditions])


def test_conditions_that_may_hold_together_are_let_be():
    fine = [
        ("path", "starts_with", ("/p",)),
        ("path", "contains_word", ("pricing",)),
        ("seconds", "between", (5, 9)),
    ]

    assert contradiction_of([Condition(*each) for each in fine]) == ""


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"action": replace(ACTION, activity="")}, "activity"),
        ({"action": replace(ACTION, activity="dance")}, "activity"),
        ({"action": replace(ACTION, aggregate="distinct", n=2)}, "distinct_by"),
        (
            {
                "action": replace(
                    PRICING,
                    aggregate="distinct",
                    distinct_by="path",
                    conditions=(Condition("path", "is", "/a"),),
                )
            },
            "n",
        ),
        ({"action": ACTION, "cool_down": 0}, "cool_down_hours"),
        ({"crossing": ""}, "crossing"),
        ({"crossing": "band"}, "band"),
        ({"crossing": "rises", "points": 101}, "points"),
        ({"crossing": "falls", "points": -20}, "points"),
        ({"crossing": "falls", "points": 40, "least_score": 40}, "least_score"),
        ({"crossing": "leaves", "only_qualified": True}, "only_qualified"),
        ({"action": ACTION, "least_score": 101}, "least_score"),
    ],
)
def test_what_can_never_happen_is_refused_at_its_field(terms, field):
    assert [fault.field for fault in faults(watch(**terms), MODEL)] == [field]


def test_usual_watches_have_no_fault():
    assert faults(watch(action=PRICING), MODEL) == []
    assert faults(watch(crossing="rises", points=80), MODEL) == []
