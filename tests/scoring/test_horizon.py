"""Until `next_change_at` nothing about a score changes by itself, and we are not woken for nothing."""

import itertools
from dataclasses import replace
from random import Random

import numpy as np
import pytest

from scoring import rules
from scoring.batch import NEVER, gather, score_many
from scoring.compiler import compile_model
from scoring.fit import fit_points
from scoring.horizon import next_change_at
from scoring.language import Fact, Model, Shape
from tests.scoring.cases import DAY, HOUR, NOW, SECOND, ago, behaviour, model_of, random_case

PAGE = {1: Shape("page_view", {"path": "/pricing"})}
SHOWN = ("total", "fit", "engagement", "band", "qualifies", "critical", "disqualified")


def both(model: Model, facts: list[Fact], as_of: int = NOW) -> tuple[int | None, int | None]:
    """The next change by the oracle and by the kernel."""
    scores = score_many(compile_model(model, PAGE), gather([facts]), fit_points(model, {}, 1), as_of)
    by_kernel = int(scores.next_change_at[0])
    return next_change_at(model, PAGE, facts, {}, as_of), None if by_kernel == NEVER else by_kernel


@pytest.mark.parametrize("mode", ["threshold", "each"])
def test_a_window_ends_for_its_oldest_needed_occurrence(mode):
    model = model_of(behaviour(window_seconds=7 * DAY, n=1, mode=mode))

    assert both(model, [ago(DAY)]) == (NOW + 6 * DAY * SECOND,) * 2


def test_a_threshold_falls_with_the_nth_newest_not_with_the_oldest():
    model = model_of(behaviour(window_seconds=7 * DAY, n=2))

    assert both(model, [ago(DAY), ago(2 * DAY), ago(6 * DAY)]) == (NOW + 5 * DAY * SECOND,) * 2


def test_occurrences_beyond_a_full_cap_wake_nobody():
    model = model_of(behaviour(window_seconds=7 * DAY, mode="each", points=10, cap=20))

    assert both(model, [ago(DAY), ago(2 * DAY), ago(6 * DAY)]) == (NOW + 5 * DAY * SECOND,) * 2


def test_an_award_expires_with_its_newest_occurrence():
    model = model_of(behaviour(decay="expiry", decay_seconds=10 * DAY))

    assert both(model, [ago(DAY), ago(9 * DAY)]) == (NOW + 9 * DAY * SECOND,) * 2


def test_an_occurrence_dated_in_the_future_changes_the_score_when_it_comes():
    model = model_of(behaviour())

    assert both(model, [ago(-2 * HOUR), ago(-HOUR)]) == (NOW + HOUR * SECOND,) * 2


def test_what_never_fades_never_changes():
    model = model_of(behaviour())

    assert both(model, [ago(DAY)]) == (None, None)


def test_a_fully_faded_score_never_changes():
    model = model_of(behaviour(mode="each", decay="half_life", decay_seconds=HOUR))

    assert both(model, [ago(400 * DAY)]) == (None, None)


def test_close_to_a_rounding_edge_the_kernel_finds_the_edge_itself():
    model = model_of(behaviour(mode="each", decay="half_life", decay_seconds=30 * DAY))
    facts = [ago(hours * HOUR) for hours in range(50)]
    edge = next_change_at(model, PAGE, facts, {}, NOW)
    assert edge is not None

    assert both(model, facts, edge - 60 * SECOND) == (edge, edge)


@pytest.mark.parametrize("seed", range(4))
def test_nothing_changes_before_the_next_change(seed):
    random = Random(seed)
    for _ in range(60):
        case = random_case(random, leads=12)
        compiled, fit = compile_model(case.model, case.shapes), fit_points(case.model, case.columns, 12)
        facts = gather(case.histories)
        now = score_many(compiled, facts, fit, NOW)
        for _ in range(6):
            later = score_many(compiled, facts, fit, _instants_before(random, now.next_change_at))

            for name in SHOWN:
                np.testing.assert_array_equal(getattr(later, name), getattr(now, name), name)


def _instants_before(random: Random, ends: np.ndarray) -> np.ndarray:
    spans = [min(int(end), NOW + 400 * DAY * SECOND) - NOW for end in ends]
    return np.array([NOW + random.choice([0, span // 2, span - 1, random.randrange(span)]) for span in spans])


def test_the_oracle_keeps_the_same_promise():
    random = Random(11)
    for _ in range(60):
        case = random_case(random, leads=2)
        for facts, fields in zip(case.histories, case.fields, strict=True):
            end = next_change_at(case.model, case.shapes, facts, fields, NOW) or NOW + 400 * DAY * SECOND
            now = _without_groups(rules.score(case.model, case.shapes, facts, fields, NOW))
            for instant in {NOW + (end - NOW) // 2, end - 1, random.randrange(NOW, end)}:
                assert _without_groups(rules.score(case.model, case.shapes, facts, fields, instant)) == now


def _without_groups(score: rules.Score) -> rules.Score:
    return replace(score, groups=())


@pytest.mark.parametrize("cap", [None, 60])
def test_a_year_of_fading_wakes_about_twice_per_change(cap):
    model = model_of(
        behaviour("views", mode="each", points=5, cap=cap, decay="half_life", decay_seconds=30 * DAY),
        behaviour("often", n=3, points=25, decay="half_life", decay_seconds=7 * DAY),
        behaviour("careers", mode="each", points=-2, decay="half_life", decay_seconds=14 * DAY),
    )
    random = Random(3)
    facts = [ago(random.randrange(90 * DAY)) for _ in range(60)]

    wakes, changes = _wakes_and_changes(model, facts, until=NOW + 365 * DAY * SECOND)

    assert changes > 40
    assert wakes <= 2 * changes + 10


def _wakes_and_changes(model: Model, facts: list[Fact], until: int) -> tuple[int, int]:
    compiled, fit, history = compile_model(model, PAGE), fit_points(model, {}, 1), gather([facts])
    totals, instant = [], NOW
    while instant < until:
        scores = score_many(compiled, history, fit, instant)
        totals.append(int(scores.total[0]))
        instant = int(scores.next_change_at[0])
    return len(totals), sum(a != b for a, b in itertools.pairwise(totals))
