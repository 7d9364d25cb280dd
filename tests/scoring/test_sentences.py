"""Each rule reads as one sentence a marketer would say."""

from itertools import product

import pytest

from leads.kinds import KINDS
from scoring.language import OPS, Condition
from scoring.sentences import WORDINGS, sentence
from tests.scoring.cases import DAY, HOUR, behaviour, fit

PRICING = (Condition("path", "contains_word", ("pricing",)),)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (
            behaviour(
                conditions=PRICING,
                n=3,
                window_seconds=7 * DAY,
                points=25,
                cap=25,
                decay="half_life",
                decay_seconds=30 * DAY,
            ),
            "When a lead views a pricing page more than 2 times within 7 days, +25, at most 25, halving every 30 days.",
        ),
        (behaviour(conditions=PRICING), "When a lead views a pricing page, +10."),
        (
            behaviour(n=2, window_seconds=36 * HOUR),
            "When a lead views a page more than once within 36 hours, +10.",
        ),
        (
            behaviour(mode="each", points=-5, cap=20, decay="expiry", decay_seconds=DAY),
            "Each time a lead views a page, −5, at most −20, gone after 1 day.",
        ),
        (
            behaviour(activity="content_download", aggregate="distinct", distinct_by="asset", n=3),
            "When a lead downloads more than 2 different assets, +10.",
        ),
        (
            behaviour(activity="content_download", aggregate="distinct", distinct_by="asset", mode="each"),
            "Each time a lead downloads a different asset, +10.",
        ),
        (
            behaviour(activity="webinar_attended", aggregate="sum", n=1_200),
            "When a lead attends a webinar for at least 20 minutes in all, +10.",
        ),
        (
            behaviour(activity="engaged_time", aggregate="sum", n=600, mode="each"),
            "For every 10 minutes in which a lead spends time on a page, +10.",
        ),
        (
            behaviour(
                conditions=(
                    Condition("path", "starts_with", "/solutions"),
                    Condition("seconds", "at_least", 300),
                )
            ),
            "When a lead views a page whose path starts with /solutions for at least 5 minutes, +10.",
        ),
        (
            behaviour(activity="purchase", conditions=(Condition("amount", "between", (5_000, 100_000)),)),
            "When a lead buys a product worth between 50.00 and 1,000.00, +10.",
        ),
        (
            behaviour(activity="demo_request", effect="critical", points=0),
            "When a lead asks for a demo, the lead qualifies at once.",
        ),
        (behaviour(activity="custom:seat-added"), "When a lead does “seat-added”, +10."),
        (behaviour(enabled=False), "When a lead views a page, +10 (switched off)."),
        (
            fit("title", Condition("job_title", "contains_word", ("director", "vp")), points=12),
            "When the job title contains director or vp, +12.",
        ),
        (
            fit("size", Condition("employees", "at_least", 1_000), Condition("country", "known")),
            "When the employees is at least 1,000 and the country is known, +10.",
        ),
        (
            fit(
                "rival", Condition("domain", "in", ("a.example", "b.example")), effect="disqualify", points=0
            ),
            "When the domain is a.example or b.example, the lead is excluded.",
        ),
    ],
)
def test_a_rule_as_a_sentence(rule, expected):
    assert sentence(rule) == expected


def test_labels_replace_field_names():
    rule = fit("size", Condition("employees", "at_most", 10))

    assert sentence(rule, {"employees": "Company size"}) == "When the company size is at most 10, +10."


def test_every_kind_of_activity_has_its_own_words():
    assert set(WORDINGS) == set(KINDS)


@pytest.mark.parametrize("value", [None, "", "soon", 3, (1,), (1, 2)])
def test_a_rule_still_being_typed_has_a_sentence(value):
    for op, field in product([*OPS, "", "sounds_like"], ["", "path", "seconds", "amount"]):
        for rule in (
            behaviour(conditions=(Condition(field, op, value),)),
            fit("f", Condition(field, op, value)),
        ):
            assert sentence(rule).endswith("+10.")
