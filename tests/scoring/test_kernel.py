"""The kernel's edges: shapes that come late, facts out of order, many threads, read-only arrays."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from random import Random

import numpy as np
import pytest

from scoring import batch, decay
from scoring.batch import NEVER, Facts, UnseenShapes, gather, score_many
from scoring.compiler import compile_model
from scoring.fit import Column, encode, fit_points
from scoring.language import LONGEST, SECOND, Condition, Shape
from tests.scoring.cases import DAY, NOW, ago, behaviour, fit, model_of, random_case

PAGE = {1: Shape("page_view", {"path": "/pricing"})}
NUMBERS = ("total", "fit", "critical", "disqualified", "next_change_at", "groups")


def assert_same(one, other):
    for name in NUMBERS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), name)


def test_shapes_learnt_in_any_order_score_like_shapes_known_at_once():
    random = Random(9)
    for _ in range(30):
        case = random_case(random, leads=10)
        fit_part, facts = fit_points(case.model, case.columns, 10), gather(case.histories)
        late = compile_model(case.model)
        for shape_id in random.sample(list(case.shapes), len(case.shapes)):
            late.extend({shape_id: case.shapes[shape_id]})

        at_once = score_many(compile_model(case.model, case.shapes), facts, fit_part, NOW)

        assert_same(score_many(late, facts, fit_part, NOW), at_once)


def test_extending_with_known_shapes_changes_nothing():
    compiled = compile_model(model_of(behaviour()), PAGE)
    before = compiled.snapshot

    compiled.extend(PAGE)

    assert len(compiled.snapshot.entries) == len(before.entries) == 1


@pytest.mark.parametrize("shape_id", [2, 3, 99])
def test_a_shape_never_shown_is_named_not_skipped(shape_id):
    compiled = compile_model(model_of(behaviour()), {**PAGE, 3: PAGE[1]} if shape_id == 2 else PAGE)

    with pytest.raises(UnseenShapes) as caught:
        score_many(compiled, gather([[ago(1)], [ago(1, shape_id)]]), fit_points(compiled.model, {}, 2), NOW)

    assert caught.value.shape_ids == [shape_id]


def test_facts_out_of_order_are_refused():
    facts = gather([[ago(2), ago(1)]])
    turned = Facts(facts.at[::-1], facts.shape, facts.seconds, facts.starts, facts.stops)

    with pytest.raises(ValueError, match="not sorted"):
        score_many(compile_model(model_of(behaviour()), PAGE), turned, fit_points(model_of(), {}, 1), NOW)


def test_amounts_may_stay_out_only_when_no_rule_reads_them():
    facts = gather([[ago(1, amount=10)]])
    without = Facts(facts.at, facts.shape, facts.seconds, facts.starts, facts.stops)
    plain, reading = (
        model_of(behaviour(conditions=conditions))
        for conditions in [(Condition("seconds", "at_most", 60),), (Condition("amount", "at_least", 10),)]
    )
    nothing = fit_points(plain, {}, 1)

    assert score_many(compile_model(plain, PAGE), without, nothing, NOW).total == [10]
    assert score_many(compile_model(reading, PAGE), facts, nothing, NOW).total == [10]
    with pytest.raises(ValueError, match="amounts"):
        score_many(compile_model(reading, PAGE), without, nothing, NOW)


def test_one_history_can_be_scored_at_many_instants():
    model = model_of(behaviour(window_seconds=DAY))
    facts = gather([[ago(0), ago(3 * DAY)]])
    rows = Facts(facts.at, facts.shape, facts.seconds, facts.starts.repeat(5), facts.stops.repeat(5))
    days_back = np.arange(5) * DAY * 1_000_000

    scores = score_many(compile_model(model, PAGE), rows, fit_points(model, {}, 5), NOW - days_back)

    assert scores.total.tolist() == [10, 0, 0, 10, 0]


def test_a_backtest_can_leave_the_next_change_out():
    model = model_of(behaviour(window_seconds=DAY))

    scores = score_many(
        compile_model(model, PAGE), gather([[ago(1)]]), fit_points(model, {}, 1), NOW, want_next=False
    )

    assert scores.next_change_at.tolist() == [NEVER]


def test_no_leads_and_no_facts_are_no_trouble():
    model = model_of(behaviour())
    compiled = compile_model(model)

    assert len(score_many(compiled, gather([]), fit_points(model, {}, 0), NOW).total) == 0
    assert score_many(compiled, gather([[], []]), fit_points(model, {}, 2), NOW).total.tolist() == [0, 0]


def test_many_threads_score_the_same(monkeypatch):
    monkeypatch.setattr(batch, "ALONE", 0)
    case = random_case(Random(4), leads=500)
    compiled, fit_part = compile_model(case.model, case.shapes), fit_points(case.model, case.columns, 500)
    facts = gather(case.histories)
    alone = score_many(compiled, facts, fit_part, NOW, threads=1)

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda _: score_many(compiled, facts, fit_part, NOW, threads=3), range(8)))

    for scores in together:
        assert_same(scores, alone)


def test_arrays_straight_from_a_socket_are_read_as_they_are():
    model, facts = model_of(behaviour(mode="each")), gather([[ago(2), ago(1)]])
    frozen = [np.frombuffer(array.tobytes(), array.dtype) for array in (facts.at, facts.shape, facts.seconds)]

    scores = score_many(
        compile_model(model, PAGE), Facts(*frozen, facts.starts, facts.stops), fit_points(model, {}, 1), NOW
    )

    assert scores.total.tolist() == [20]


def test_behaviour_in_a_fit_group_cannot_be_compiled():
    with pytest.raises(ValueError, match="engagement group"):
        compile_model(model_of(behaviour(group="fit")))


def test_equal_numbers_of_different_types_keep_their_meaning():
    model = model_of(
        fit("yes", Condition("x", "is", True), points=1), fit("one", Condition("x", "is", 1), points=2)
    )

    assert (fit_points(model, {"x": [True, 1, 1.0, "1", [1], [True]]}, 6).high).tolist() == [1, 2, 2, 2, 2, 1]


def test_a_column_may_come_encoded():
    model = model_of(fit("de", Condition("country", "is", "de"), points=3))
    encoded = encode(["DE", "fr", "DE", None])

    assert encoded == Column(encoded.codes, ["DE", "fr", None])
    assert fit_points(model, {"country": encoded}, 4).low.tolist() == [3, 0, 3, 0]


def test_a_warm_kernel_compiles_nothing_more():
    batch.warm()
    from scoring import kernel  # late, as scorers do

    variants = len(kernel.score_rows.signatures)
    case = random_case(Random(2), leads=3)
    score_many(
        compile_model(case.model, case.shapes),
        gather(case.histories),
        fit_points(case.model, case.columns, 3),
        NOW,
    )

    assert len(kernel.score_rows.signatures) == variants == 1


def test_a_page_that_only_explains_never_loads_numba():
    code = "import sys, scoring.batch, scoring.explanation, scoring.horizon; sys.exit('numba' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_weights_agree_on_every_kind_of_step_border():
    from scoring import kernel  # late, as scorers do

    random = Random(8)
    for _ in range(20_000):
        half_life = random.choice([1, 7, DAY, 30 * DAY, LONGEST, random.randint(1, LONGEST)]) * SECOND
        border = -(-random.randint(0, 26 * decay.STEPS) * half_life // decay.STEPS)
        age = max(border + random.choice([-1, 0, 1]), 0)

        assert kernel._weight(age, half_life) == decay.weight(age, half_life)
