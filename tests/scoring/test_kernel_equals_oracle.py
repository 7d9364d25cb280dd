"""The kernel is the oracle, only faster: the same whole numbers for any model, history and instant."""

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring import rules
from scoring.batch import Scores, gather, holds_many, score_many
from scoring.compiler import compile_model
from scoring.fit import fit_points
from tests.scoring.cases import NOW, Case, random_case


def by_kernel(case: Case, as_of: int = NOW) -> Scores:
    fit = fit_points(case.model, case.columns, len(case.histories))
    return score_many(compile_model(case.model, case.shapes), gather(case.histories), fit, as_of)


def as_told_by_oracle(case: Case, lead: int, as_of: int = NOW) -> tuple:
    score = rules.score(case.model, case.shapes, case.histories[lead], case.fields[lead], as_of)
    whole = (score.total, score.fit, score.engagement, score.band, score.qualifies)
    return (
        *whole,
        score.critical,
        score.disqualified,
        score.fit_low,
        score.fit_high,
        tuple(w for _, w in score.groups),
    )


def as_told_by_kernel(case: Case, scores: Scores, row: int) -> tuple:
    key_of = {-1: None, **{number: rule.key for number, rule in enumerate(case.model.rules)}}
    numbers = (int(scores.total[row]), int(scores.fit[row]), int(scores.engagement[row]))
    flags = (str(scores.band_names[row]), bool(scores.qualifies[row]))
    keys = (key_of[int(scores.critical[row])], key_of[int(scores.disqualified[row])])
    return (
        *numbers,
        *flags,
        *keys,
        int(scores.fit_low[row]),
        int(scores.fit_high[row]),
        tuple(scores.groups[row].tolist()),
    )


def disagreements(random: Random, models: int, leads: int) -> list:
    found = []
    for _ in range(models):
        case = random_case(random, leads)
        scores = by_kernel(case)
        pairs = [(as_told_by_kernel(case, scores, row), as_told_by_oracle(case, row)) for row in range(leads)]
        found += [(case, row, *pair) for row, pair in enumerate(pairs) if pair[0] != pair[1]]
    return found


def test_kernel_equals_oracle_on_12_000_random_histories():
    assert disagreements(Random(20261122), models=400, leads=30) == []


@pytest.mark.slow
def test_kernel_equals_oracle_on_200_000_random_histories():
    assert disagreements(Random(7), models=2_000, leads=100) == []


@settings(max_examples=150, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(-3, 3))
def test_kernel_equals_oracle_at_any_instant(random, microseconds):
    case = random_case(random, leads=3)
    instant = random.choice([fact.occurred_at for history in case.histories for fact in history] or [NOW])

    scores = by_kernel(case, instant + microseconds)

    for row in range(3):
        assert as_told_by_kernel(case, scores, row) == as_told_by_oracle(case, row, instant + microseconds)


def test_staying_qualified_is_the_same_for_one_and_for_many():
    random = Random(5)
    for _ in range(40):
        case = random_case(random, leads=20)
        scores = by_kernel(case)
        for was_qualified in (False, True):
            told = holds_many(scores, np.full(20, was_qualified), case.model)

            for row in range(20):
                score = rules.score(case.model, case.shapes, case.histories[row], case.fields[row], NOW)
                assert rules.holds(score, was_qualified, case.model) == told[row]
