"""The figures behind rule health keep what a reader takes for granted, whatever the numbers."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring import rules
from scoring.batch import gather
from scoring.compiler import compile_model
from scoring.health import fitting
from scoring.health.counting import losses
from scoring.health.figures import Lift, benjamini_hochberg, fisher, holm, jaccard, two_shares
from scoring.health.findings import points_for
from scoring.health.flags import fired, held
from scoring.language import DAY, SCALE, SECOND, Group, Model, Rule
from scoring.shares import Share
from tests.scoring.cases import NOW, random_case

counts = st.tuples(st.integers(0, 400), st.integers(0, 400)).map(lambda pair: Share(min(pair), max(pair)))
chances = st.lists(st.floats(0, 1), max_size=30)


@given(counts)
def test_an_interval_holds_its_share_and_stays_between_nothing_and_everything(share):
    low, high = share.interval

    assert 0 <= low <= (share.value or 0) + 1e-12
    assert (share.value if share.whole else 1) <= high + 1e-12 <= 1 + 1e-9


@given(st.sets(st.integers(0, 20)), st.sets(st.integers(0, 20)))
def test_overlap_is_what_two_sets_share(one, other):
    expected = len(one & other) / len(one | other) if one | other else 0.0

    assert jaccard(len(one & other), len(one), len(other)) == pytest.approx(expected)


@given(chances)
def test_correcting_for_many_looks_never_makes_a_find_likelier_and_keeps_the_order(found):
    for correct in (holm, benjamini_hochberg):
        corrected = correct(found)

        assert all(
            after >= before - 1e-12 and after <= 1 for before, after in zip(found, corrected, strict=True)
        )
        order = np.argsort(found, kind="stable")
        assert np.all(np.diff(np.array(corrected)[order]) >= -1e-12) if found else True


def test_one_look_needs_no_correction_and_many_need_more():
    assert holm([0.01]) == benjamini_hochberg([0.01]) == [0.01]
    assert holm([0.01, 0.5, 0.9])[0] == pytest.approx(0.03)
    assert benjamini_hochberg([0.01, 0.02, 0.9])[1] == pytest.approx(0.03)


def test_fishers_tea_lady():
    assert fisher(3, 4, 4, 8) == pytest.approx(0.4857, abs=1e-4)
    assert fisher(4, 4, 4, 8) == pytest.approx(0.0286, abs=1e-4)
    assert fisher(0, 0, 4, 8) == 1.0


def test_a_share_that_did_not_move_did_not_drift():
    assert two_shares(Share(30, 100), Share(30, 100)) == 1.0
    assert two_shares(Share(60, 100), Share(30, 100)) < 0.001


def test_few_cases_are_never_called_better_or_worse():
    assert Lift(Share(0, 19), Share(200, 400)).verdict == "unsure"
    assert Lift(Share(5, 60), Share(200, 400)).verdict == "worse"
    assert Lift(Share(55, 60), Share(200, 400)).verdict == "better"
    assert (
        points_for(Lift(Share(5, 60), Share(200, 400)), 65)
        < 0
        < points_for(Lift(Share(55, 60), Share(200, 400)), 65)
    )


@given(st.lists(st.floats(-8, 8), max_size=40), st.integers(1, 200))
def test_rounding_keeps_the_order_and_the_side_of_weights(weights, line):
    points = fitting.rounded(np.array(weights), line)

    order = np.argsort(weights, kind="stable")
    assert np.all(np.diff(points[order]) >= 0)
    assert np.all(points * np.sign(weights) >= 0)


@pytest.fixture(scope="module")
def trials():
    """Random definitions and leads, most of whose activities lie on an edge of some rule."""
    random = Random(8)
    return [random_case(random, leads=12) for _ in range(60)]


def flags_of(case, model):
    compiled, did = compile_model(model, case.shapes), gather(case.histories)
    return held(compiled, did, case.columns, np.full(len(case.histories), NOW)).flags


def test_what_holds_for_whom_is_what_the_oracle_says(trials):
    for case in trials:
        flags = flags_of(case, case.model)

        for lead, (did, fields) in enumerate(zip(case.histories, case.fields, strict=True)):
            told = rules.score(case.model, case.shapes, did, fields, NOW).satisfied
            assert {
                rule.key for rule, flag in zip(case.model.rules, flags[lead], strict=True) if flag
            } == set(told)


def test_a_rule_fired_if_it_held_at_any_instant_of_the_stretch(trials):
    for case in trials:
        compiled, did = compile_model(case.model, case.shapes), gather(case.histories)
        behaviour = [row for row, rule in enumerate(case.model.rules) if rule.subject == "behaviour"]

        once = fired(compiled, did, since=NOW, until=NOW)
        long = fired(compiled, did, since=NOW - 30 * DAY * SECOND, until=NOW)

        assert np.array_equal(once[:, behaviour], flags_of(case, case.model)[:, behaviour])
        assert np.all(long >= once)


def test_a_rule_of_a_scorecard_holds_exactly_when_the_rule_it_was_made_of_does(trials):
    for case in trials:
        points = tuple(rule for rule in case.model.rules if rule.effect == "points")
        features = tuple(map(fitting.as_feature, points))

        before, after = (flags_of(case, replace(case.model, rules=each)) for each in (points, features))

        assert np.array_equal(before, after)


def test_a_cap_and_a_ceiling_take_from_those_who_push_against_them():
    group = Group("g", "G", "engagement", -10, 30)
    capped, other, against = (
        Rule("a", "A", "g", "behaviour", points=50, cap=25),
        Rule("b", "B", "g", "behaviour", points=15),
        Rule("c", "C", "g", "behaviour", points=-5),
    )
    model = Model(1, 1, 0, 0, (3, 2, 1), (3, 2, 1), (group,), (capped, other, against))

    by_cap, by_group = losses(model, np.array([[50, 15, -5]]) * SCALE)

    assert (by_cap // SCALE).tolist() == [[25, 0, 0]]
    assert by_group[0, 0] / SCALE == pytest.approx(5 * 25 / 40, abs=1e-3)
    assert by_group[0, 1] / SCALE == pytest.approx(5 * 15 / 40, abs=1e-3)
    assert by_group[0, 2] == 0


def history(leads, columns, seed):
    """Leads whose outcome hangs on the first two of many features."""
    dice = np.random.default_rng(seed)
    flags = (dice.random((leads, columns)) < 0.4).astype(np.uint8)
    odds = -0.5 + 2.2 * flags[:, 0] - 1.8 * flags[:, 1]
    outcome = (dice.random(leads) < 1 / (1 + np.exp(-odds))).astype(np.int64)
    return flags, outcome, np.arange(leads), flags[:, 2].astype(np.int64)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_scorecard_is_short_whole_better_than_chance_and_the_same_each_time(seed):
    flags, outcome, at, totals = history(600, 60, seed)

    card = fitting.fit(flags, outcome, at, totals, line=65)

    assert card == fitting.fit(flags, outcome, at, totals, line=65)
    assert 0 < len(card.points) <= fitting.MOST_RULES
    assert dict(zip(card.columns, card.points, strict=True))[0] > 0
    assert dict(zip(card.columns, card.points, strict=True))[1] < 0
    assert card.rounded.value > 0.65
    assert abs(card.rounded.value - card.unrounded.value) < 0.02
    assert card.learnt_from + card.judged_on == 600


def test_too_few_outcomes_are_refused_in_words():
    flags, outcome, at, totals = history(600, 5, 1)
    outcome[12:] = -1

    with pytest.raises(fitting.TooLittle, match="12 of 200"):
        fitting.fit(flags, outcome, at, totals, line=65)


def test_the_line_lets_no_more_leads_through_than_today():
    leads = np.array([500, 40, 30, 20, 10])

    assert fitting.line_for(leads, 60) == 2
    assert fitting.line_for(leads, 5) == 5
    assert fitting.line_for(leads, 1000) == 1
