"""The mathematics of the predictive score, without a database."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.prediction import card, leakage, metrics
from scoring.prediction.binning import binning_of
from scoring.prediction.calibration import logistic
from scoring.prediction.columns import Column, Table, choices, numbers, why_not
from scoring.prediction.fitting import Sample
from scoring.prediction.scorecard import Scorecard

DAY = 86_400_000_000
ROWS = 600
dice = np.random.default_rng(7)
VISITS = dice.poisson(4, ROWS)
SOURCES = dice.choice(["webinar", "fair", "search"], ROWS)
WON = (dice.random(ROWS) < logistic(0.6 * VISITS - 3.4 + (SOURCES == "webinar"))).astype(int)
DAYS = np.arange(ROWS) * DAY // 2


def sample_of(*more: Column, won: np.ndarray = WON) -> Sample:
    columns = [numbers("visits", "Visits", VISITS), choices("source", "Source", list(SOURCES)), *more]
    return Sample(Table(list(range(ROWS)), {column.key: column for column in columns}), won)


@pytest.fixture(scope="module")
def usual() -> card.Trained:
    return card.train(sample_of(), DAYS)


def signs(trained: card.Trained) -> set[tuple[str, str]]:
    return {(warning["key"], warning["sign"]) for warning in trained.metrics["warnings"]}


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=40))
def test_auc_is_the_share_of_pairs_in_the_right_order(pairs):
    won, said = np.array([int(w) for w, _ in pairs]), np.array([s / 5 for _, s in pairs])
    duels = [(a, b) for a in said[won == 1] for b in said[won == 0]]

    expected = sum(1.0 if a > b else 0.5 if a == b else 0.0 for a, b in duels) / len(duels) if duels else 0.5

    assert metrics.auc(won, said) == pytest.approx(expected)


def test_calibration_error_weighs_how_far_each_band_is_off():
    said = np.array([0.15] * 10 + [0.85] * 30)
    won = np.array([1] * 4 + [0] * 6 + [1] * 30)

    assert metrics.ece(won, said) == pytest.approx((10 * 0.25 + 30 * 0.15) / 40)


def test_a_population_that_moved_shows_in_the_stability_index():
    before = np.array([50, 50])

    assert metrics.psi(before, np.array([500, 500])) == 0
    assert metrics.psi(before, np.array([90, 10])) > 0.25
    assert metrics.psi(before, np.array([0, 0])) == 0, "nobody is nothing to compare"


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        (numbers("n", "Lead number", range(100, 400)), "A code that nearly every lead has for itself."),
        (choices("n", "Note", [f"met at {i}" for i in range(300)]), "Free text or a code"),
        (choices("n", "Town", [f"town {i // 2}" for i in range(300)]), "No value is shared by 20 leads."),
        (choices("n", "Spam", ["no"] * 295 + ["yes"] * 5), "The same for nearly every lead."),
        (choices("n", "Plan", ["pro"] * 19 + [None] * 281), "Known for 19 of 300 leads; 20 are needed."),
        (numbers("n", "Revenue", [x * 1000.5 for x in np.random.default_rng(1).permutation(300)]), ""),
    ],
)
def test_columns_that_say_nothing_are_left_out_with_the_reason(column: Column, reason: str):
    assert why_not(column).startswith(reason)
    assert bool(why_not(column)) == bool(reason)


@given(st.lists(st.none() | st.integers(-3, 40), min_size=20, max_size=300))
def test_every_number_falls_into_the_group_whose_words_fit(values):
    column = numbers("n", "N", values)
    binning = binning_of(column)

    places = binning.places(column)

    bounds = [-np.inf, *binning.edges, np.inf]
    for value, place in zip(values, places.tolist(), strict=True):
        if value is None:
            assert place == binning.size - 1
        else:
            assert bounds[place] < value <= bounds[place + 1]
    assert len(binning.words()) == binning.size


def test_counts_are_told_as_people_count():
    often = binning_of(numbers("did:page_view", "Pages", [0, 0, 1, 2, 3, 4, 5, 9] * 60, "behaviour"))

    assert often.words()[:2] == ["none", "1"]
    assert often.words()[-2:] == ["6 or more", "not known"]


def test_of_two_equal_columns_one_is_used():
    trained = card.train(sample_of(numbers("again", "Visits again", VISITS)), DAYS)

    assert [column.key for column in trained.used] == ["visits", "source"]
    assert trained.metrics["left_out"][0]["reason"] == "Always the same as “Visits”."


def test_what_was_learnt_comes_back_from_json_to_the_last_digit(usual):
    sample, learnt = sample_of(), usual.scorecard

    again = Scorecard.from_data(json.loads(json.dumps(learnt.to_data())))

    assert again == learnt
    assert (again.odds(sample.table) == learnt.odds(sample.table)).all()


def test_the_same_examples_teach_the_same(usual):
    again = card.train(sample_of(), DAYS)

    assert (again.scorecard, again.metrics) == (usual.scorecard, usual.metrics)


def test_values_nobody_had_seen_and_missing_columns_are_answered_too(usual):
    learnt = usual.scorecard
    strange = Table([1], {"source": choices("source", "Source", ["billboard"])})

    assert 0 < logistic(learnt.odds(strange))[0] < 1


def test_reasons_name_what_lifts_a_lead_most_first(usual):
    learnt = usual.scorecard
    keen = Table(
        [1], {"visits": numbers("v", "Visits", [11]), "source": choices("source", "Source", ["fair"])}
    )
    places = learnt.places(keen)

    [reasons] = learnt.reasons(places, learnt.parts(places))

    named = [learnt.terms()[number] for number in reasons]
    assert named[0].label == "Visits"
    assert named[0].words.startswith("over")
    assert named[0].weight > 0
    assert [term.weight > 0 for term in named] == sorted([term.weight > 0 for term in named], reverse=True)


def test_the_newest_are_held_back_when_outcomes_have_dates(usual):
    dated = usual.metrics
    at_once = card.train(sample_of(), np.zeros(ROWS, dtype=np.int64)).metrics

    assert dated["held_back"]["by_time"]
    assert dated["held_back"]["rows"] == 180
    assert dated["held_back"]["first"] > "1970-07-01"
    assert not at_once["held_back"]["by_time"]
    assert sum(band["rows"] for band in dated["months"]) == ROWS
    assert dated["curve"][-1]["rows"] == ROWS - 180


def test_nothing_is_learnt_from_too_little():
    few = sample_of(won=np.array([1] * 39 + [0] * (ROWS - 39)))

    with pytest.raises(card.TooLittle, match="39 of them won"):
        card.train(few, DAYS)


def test_a_column_that_separates_the_outcomes_alone_is_a_leak():
    stage = choices("stage", "Deal stage", ["closed" if won else "open" for won in WON])

    assert ("stage", "alone") in signs(card.train(sample_of(stage), DAYS))


def test_a_column_filled_in_for_one_result_is_a_leak():
    why = choices("why", "Reason for losing", [None if won else "price" for won in WON])

    assert ("why", "known") in signs(card.train(sample_of(why), DAYS))


def test_a_column_that_is_set_afterwards_is_a_leak():
    contract: Any = choices("contract", "Contract", ["yes" if i % 3 else None for i in range(ROWS)])

    trained = card.train(sample_of(contract), DAYS, later={"contract": (390, 400), "source": (3, 400)})

    assert signs(trained) == {("contract", "later")}


def test_a_column_that_is_only_ever_set_afterwards_is_named_though_nothing_can_be_learnt_from_it():
    invoice = choices("invoice", "Invoice", [None] * ROWS)

    trained = card.train(sample_of(invoice), DAYS, later={"invoice": (300, 300)})

    [warning] = trained.metrics["warnings"]
    assert (warning["key"], warning["sign"], warning["used"]) == ("invoice", "later", False)


def test_honest_columns_are_no_leaks_and_a_colleague_can_keep_one_out():
    trained = card.train(sample_of(), DAYS, excluded={"source"})

    assert not trained.metrics["warnings"]
    assert [column.key for column in trained.used] == ["visits"]
    assert trained.metrics["left_out"] == [
        {"key": "source", "label": "Source", "reason": "Left out by a colleague."}
    ]
    assert leakage.ALONE > trained.metrics["auc"] > 0.6
