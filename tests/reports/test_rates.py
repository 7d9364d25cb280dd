"""Shares at a fixed age: what is shown, what is hidden, and what the young are expected to become."""

import random

import pytest

from reports.rates import Day, Rate, estimate


def test_few_cases_show_no_share():
    assert Rate(19, 19, 19).value is None
    assert Rate(5, 20, 20).value == 0.25
    assert Rate(5, 20, 40).ripe is False


def test_sums_and_not_averages_of_shares():
    whole = Rate(1, 20, 20) + Rate(50, 100, 110)

    assert (whole.part, whole.mature, whole.whole) == (51, 120, 130)


def test_of_a_ripe_cohort_the_estimate_is_the_plain_share():
    dice = random.Random(7)
    for _ in range(50):
        days = [Day(day, dice.randint(0, 3), dice.randint(0, 3), 0) for day in range(31)]
        days.append(Day(31, open=dice.randint(20, 60)))
        cases = sum(day.reached + day.ended + day.open for day in days)
        reached = sum(day.reached for day in days)

        found = estimate(days, 30)

        assert found.value == pytest.approx(reached / cases)
        assert (found.low, found.high) == pytest.approx(Rate(reached, cases, cases).interval)


def test_who_is_too_young_counts_only_for_the_days_they_were_there():
    days = [Day(10, reached=10), Day(15, open=50), Day(20, reached=10), Day(30, open=30)]

    found = estimate(days, 30)

    assert found.value == pytest.approx(0.1 + 0.9 * 10 / 40)
    assert found.low < found.value < found.high
    assert found.high - found.low > Rate(20, 100, 100).interval[1] - Rate(20, 100, 100).interval[0]


def test_a_rejected_lead_is_an_end_and_not_merely_out_of_sight():
    rejected = estimate([Day(5, ended=50), Day(10, reached=25), Day(30, open=25)], 30)

    assert rejected.value == pytest.approx(0.25)


def test_nothing_is_guessed_of_days_that_nobody_has_lived():
    assert estimate([Day(3, reached=5), Day(12, open=60)], 30) is None
    assert estimate([Day(3, reached=5), Day(40, open=10)], 30) is None
