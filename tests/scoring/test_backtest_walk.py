"""A backtest's walk is the oracle asked at every instant, only faster; and it never knows what comes later."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest

from scoring import rules
from scoring.backtest.entries import Eras, entries, may_leave_out
from scoring.batch import UnseenShapes, gather
from scoring.compiler import NEVER, compile_model
from scoring.language import DAY, SECOND, Condition, Shape
from tests.scoring.cases import NOW, Case, ago, behaviour, fit, model_of, random_case
from tests.scoring.walks import Era, Walk, by_walk, of_lead, random_eras, walk_slowly

HORIZONS = [0, 3_600 * SECOND, 20 * DAY * SECOND]
SHAPES = {1: Shape("page_view"), 2: Shape("demo_request"), 3: Shape("unsubscribe")}


def random_walks(random: Random, leads: int) -> tuple[Case, list[list[Era]], int]:
    case = random_case(random, leads)
    case = replace(case, histories=[rules.once(history) for history in case.histories])
    eras = [random_eras(random, history, NOW) for history in case.histories]
    return case, eras, NOW + random.choice(HORIZONS)


def disagreements(random: Random, models: int, leads: int) -> tuple[list, int]:
    found, moves = [], 0
    for _ in range(models):
        case, eras, until = random_walks(random, leads)
        fast = by_walk(case, eras, until)
        for lead, history in enumerate(case.histories):
            slow = walk_slowly(case.model, case.shapes, history, eras[lead], until)
            moves += len(slow.moves)
            found += [(case.model, history, eras[lead], slow)] if slow != of_lead(fast, lead) else []
    return found, moves


def test_the_walk_agrees_with_the_oracle_asked_at_every_instant():
    found, moves = disagreements(Random(20261122), models=16, leads=5)

    assert found == []
    assert moves > 10


@pytest.mark.slow
def test_the_walk_agrees_with_the_oracle_over_2_400_random_histories():
    found, _ = disagreements(Random(11), models=300, leads=8)

    assert found == []


def cut(case: Case, eras: list[list[Era]], at: int) -> tuple[Case, list[list[Era]]]:
    """The world as it was known at `at`."""
    histories = [[fact for fact in history if fact.occurred_at <= at] for history in case.histories]
    return replace(case, histories=histories), [[era for era in own if era[0] <= at] for own in eras]


def until(walk: Walk, at: int) -> Walk:
    return Walk(
        [height for height in walk.heights if height[0] <= at],
        [move for move in walk.moves if move[0] <= at],
        walk.critical_at if walk.critical_at <= at else NEVER,
    )


def test_what_happens_later_never_changes_what_was_said_before():
    random = Random(3)
    for _ in range(60):
        case, eras, end = random_walks(random, leads=8)
        now = random.choice([fact.occurred_at for own in case.histories for fact in own] or [NOW])
        known = cut(case, eras, now + random.choice([-1, 0, 1, DAY * SECOND]))

        whole, then = by_walk(case, eras, end), by_walk(*known, end)

        for lead in range(8):
            assert until(of_lead(whole, lead), now - 1) == until(of_lead(then, lead), now - 1)


def test_facts_that_may_be_left_out_change_nothing():
    random, dropped = Random(5), 0
    for _ in range(60):
        case, eras, end = random_walks(random, leads=8)
        idle = may_leave_out(compile_model(case.model, case.shapes)).tolist()
        kept = [[fact for fact in own if fact.shape_id not in idle] for own in case.histories]

        whole, lean = by_walk(case, eras, end), by_walk(replace(case, histories=kept), eras, end)

        assert [of_lead(lean, lead) for lead in range(8)] == [of_lead(whole, lead) for lead in range(8)]
        dropped += sum(map(len, case.histories)) - sum(map(len, kept))
    assert dropped > 100


def test_nothing_is_left_out_where_a_stranger_stands_above_the_line():
    stranger = fit("stranger", Condition("title", "unknown"), points=60)
    model = model_of(behaviour(points=30), stranger, threshold=50)

    assert may_leave_out(compile_model(model, SHAPES)).tolist() == []
    assert may_leave_out(compile_model(replace(model, threshold=101), SHAPES)).tolist() == [2, 3]


# By example


def walked(model, *history, eras=(), until=NOW):
    case = Case(model, SHAPES, [list(history)], [{}])
    return by_walk(case, [list(eras)], until)


def moves_of(found):
    ages = [(NOW - at) / SECOND / DAY for at in found.moves.at.tolist()]
    return list(zip(ages, found.moves.into.tolist(), strict=True))


VIEWS = model_of(behaviour(points=25, mode="each", window_seconds=10 * DAY), threshold=50, margin=5)


def test_a_lead_enters_with_the_view_that_reaches_the_line_and_leaves_when_the_window_passes():
    found = walked(VIEWS, ago(20 * DAY), ago(15 * DAY))

    assert moves_of(found) == [(15, True), (10, False)]


def test_it_stays_within_the_margin():
    lenient = replace(VIEWS, margin=25)

    found = walked(lenient, ago(20 * DAY), ago(15 * DAY))

    assert moves_of(found) == [(15, True), (5, False)]


def test_what_only_fades_back_does_not_qualify_anew_but_a_new_visit_does():
    regret = behaviour("regret", activity="unsubscribe", points=-30, mode="each", window_seconds=3 * DAY)
    model = model_of(behaviour(points=25, mode="each"), regret, threshold=50)
    views = (ago(30 * DAY), ago(29 * DAY))

    waits = walked(model, *views, ago(20 * DAY, shape_id=3))
    returns = walked(model, *views, ago(20 * DAY, shape_id=3), ago(8 * DAY))

    assert moves_of(waits) == [(29, True), (20, False)]
    assert moves_of(returns) == [(29, True), (20, False), (8, True)]


def test_fields_count_from_the_moment_they_were_known():
    model = model_of(
        behaviour(points=30), fit("boss", Condition("title", "is", "boss"), points=20), threshold=50
    )
    learned = NOW - 2 * DAY * SECOND

    found = walked(model, ago(9 * DAY), eras=[(learned, {"title": "boss"})])

    assert found.moves.at.tolist() == []  # the random cases have other fields; `title` is not among them
    known = Eras(np.array([learned]), np.array([0]), np.array([1]), {"title": ["boss"]})
    found = entries(compile_model(model, SHAPES), gather([[ago(9 * DAY)]]), known, until=NOW)
    assert moves_of(found) == [(2, True)]


def test_a_critical_signal_enters_at_once_and_a_colleague_who_excluded_the_lead_ends_it():
    demo = behaviour("demo", activity="demo_request", effect="critical", points=0, window_seconds=30 * DAY)
    nothing = Eras(np.zeros(0, np.int64), np.array([0]), np.array([0]), {})

    found = entries(
        compile_model(model_of(demo), SHAPES),
        gather([[ago(9 * DAY, shape_id=2)]]),
        nothing,
        until=NOW,
        barred_at=np.array([NOW - 4 * DAY * SECOND]),
    )

    assert moves_of(found) == [(9, True), (4, False)]
    assert found.critical_at.tolist() == found.first_at.tolist() == [NOW - 9 * DAY * SECOND]


def test_a_long_history_finds_room():
    busy = [ago(age * 3_600) for age in range(3_000, 0, -1)]
    flips = model_of(behaviour(points=60, n=1, window_seconds=1_800), threshold=50)

    found = walked(flips, *busy)

    assert len(found.moves.at) == 6_000


def test_an_unknown_shape_is_said_not_skipped():
    case = Case(VIEWS, {}, [[ago(DAY)]], [{}])

    with pytest.raises(UnseenShapes):
        by_walk(case, [[]], NOW)
