"""When a lead would fall out by time alone, and a history made ready for many scorings."""

from dataclasses import replace
from random import Random

from scoring import rules
from scoring.course import Course, reaches_of
from scoring.forecast import forecast, still_holds
from scoring.language import SECOND, Group, Shape
from tests.scoring.cases import DAY, ENGAGEMENT, FIT, NOW, ago, behaviour, fit, model_of, random_case

SHAPES = {1: Shape("page_view", {"path": "/pricing"}), 2: Shape("demo_request")}
PERIOD = 60 * DAY * SECOND


def course_of(model, facts):
    return Course.of(model, SHAPES, facts, {}, NOW)


def random_courses(seed, cases):
    random = Random(seed)
    for _ in range(cases):
        case = random_case(random, leads=3)
        for facts, fields in zip(case.histories, case.fields, strict=True):
            yield random, case, facts, fields


def just_qualified(random, case, facts, fields):
    """The model with its lines a little below what this lead has."""
    here = rules.score(case.model, case.shapes, facts, fields, NOW)
    return replace(
        case.model, threshold=here.total - random.randint(0, 8), fit_floor=here.fit - random.randint(0, 8)
    )


def test_a_course_scores_as_the_oracle_does_at_every_later_instant():
    for random, case, facts, fields in random_courses(5, 120):
        course = Course.of(case.model, case.shapes, facts, fields, NOW)

        at = NOW + random.choice([0, 1, DAY * SECOND, random.randint(0, PERIOD)])

        assert course.score(at) == rules.score(case.model, case.shapes, facts, fields, at)


def test_facts_out_of_reach_of_every_rule_change_nothing():
    for _, case, facts, fields in random_courses(6, 120):
        reach = dict(zip(case.shapes, reaches_of(case.model, case.shapes.values()), strict=True))
        near = [fact for fact in facts if NOW - fact.occurred_at < max(reach[fact.shape_id], 1)]

        told = rules.score(case.model, case.shapes, near, fields, NOW)

        assert told == rules.score(case.model, case.shapes, facts, fields, NOW)


def test_what_is_added_counts_as_if_it_had_always_been_there():
    for random, case, facts, fields in random_courses(7, 80):
        facts, known = rules.once(facts), {"country": random.choice(["DE", None])}
        base, more = Course.of(case.model, case.shapes, facts[::2], fields, NOW), facts[1::2]

        course = base.with_more(more, case.shapes, known)

        assert course.score() == rules.score(case.model, case.shapes, facts, {**fields, **known}, NOW)


def test_before_the_forecast_it_holds_and_at_it_it_does_not():
    fallen = 0
    for random, case, facts, fields in random_courses(8, 180):
        model = just_qualified(random, case, facts, fields)
        course = Course.of(model, case.shapes, facts, fields, NOW)
        if not still_holds(course, NOW):
            continue

        found = forecast(course)

        assert found.sure_until is None
        until = found.falls_at or NOW + 400 * DAY * SECOND
        for at in [until - 1, *(random.randint(NOW, until - 1) for _ in range(6))]:
            assert rules.holds(rules.score(model, case.shapes, facts, fields, at), True, model)
        if found.falls_at:
            fallen += 1
            told = rules.score(model, case.shapes, facts, fields, found.falls_at)
            assert not rules.holds(told, True, model)
    assert fallen > 15


def test_points_that_halve_fall_below_the_line_less_the_margin():
    rule = behaviour(points=80, decay="half_life", decay_seconds=30 * DAY)
    course = course_of(model_of(rule, threshold=50, margin=10), [ago(0)])

    found = forecast(course)

    assert course.score(found.falls_at - 1).total == 40
    assert course.score(found.falls_at).total == 39


def test_a_critical_signal_holds_until_its_window_ends():
    demo = behaviour("demo", activity="demo_request", effect="critical", points=0, window_seconds=30 * DAY)

    found = forecast(course_of(model_of(demo), [ago(DAY, 2)]))

    assert found.falls_at == NOW + 29 * DAY * SECOND


def test_what_never_fades_never_falls():
    found = forecast(course_of(model_of(behaviour(points=60)), [ago(DAY)]))

    assert (found.falls_at, found.sure_until) == (None, None)


def test_losses_that_fade_too_are_reckoned_with():
    gain = behaviour("gain", points=60, decay="half_life", decay_seconds=90 * DAY)
    loss = behaviour("loss", activity="demo_request", points=-14, decay="half_life", decay_seconds=5 * DAY)
    model = model_of(gain, loss, threshold=46, margin=0)
    course = course_of(model, [ago(0), ago(0, 2)])

    found = forecast(course)

    assert found.falls_at > NOW + 20 * DAY * SECOND
    assert still_holds(course, found.falls_at - 1)
    assert not still_holds(course, found.falls_at)


def test_a_fit_that_fades_below_its_floor_ends_it_too():
    own = Group("fit", "Fit", "fit", 0, 100)
    rule = behaviour("kind", group="fit", points=20, window_seconds=2 * DAY)
    model = model_of(rule, fit("base", points=50), groups=(own, ENGAGEMENT), threshold=10, fit_floor=60)

    found = forecast(course_of(model, [ago(DAY)]))

    assert found.falls_at == NOW + DAY * SECOND
    assert FIT.axis == own.axis
