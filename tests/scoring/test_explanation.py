"""The lines of an explanation add up to the score, to the point."""

from random import Random

from scoring import rules
from scoring.explanation import MOST_IDS, apportioned, explain
from scoring.language import SCALE, Condition, Group, Shape
from tests.scoring.cases import DAY, ENGAGEMENT, FIT, NOW, ago, behaviour, fit, model_of, random_case

SHAPES = {1: Shape("page_view", {"path": "/pricing"}), 2: Shape("demo_request")}
PRICING = (Condition("path", "contains_word", ("pricing",)),)


def lines_of(model, facts, fields=None):
    return explain(model, SHAPES, facts, fields or {}, NOW).lines


def test_the_lines_sum_to_the_total_and_to_each_axis():
    random = Random(21)
    for _ in range(250):
        case = random_case(random, leads=4)
        on_fit = {group.name for group in case.model.groups if group.axis == "fit"}
        for facts, fields in zip(case.histories, case.fields, strict=True):
            told = explain(case.model, case.shapes, facts, fields, NOW)

            assert told.score == rules.score(case.model, case.shapes, facts, fields, NOW)
            assert sum(line.points for line in told.lines) == told.score.total
            assert sum(line.points for line in told.lines if line.group in on_fit) == told.score.fit


def test_shares_go_to_the_largest_remainders():
    assert apportioned([SCALE // 2 + 3, SCALE // 2 + 2, SCALE], 2) == [1, 0, 1]
    assert apportioned([-SCALE // 4, -SCALE // 2], -1) == [0, -1]


def test_a_faded_line_shows_how_it_came_about():
    rule = behaviour(
        points=25, conditions=PRICING, decay="half_life", decay_seconds=30 * DAY, window_seconds=90 * DAY
    )

    (line,) = lines_of(model_of(rule), [ago(DAY, id=7), ago(2 * DAY, id=5)])

    assert (line.points, line.weight) == (24, "25 × 0.98, halves every 30 days, newest 1 day ago")
    assert line.reason == "Viewed a pricing page 2 times within 90 days"
    assert (line.fact_ids, line.newest_at) == ((7, 5), NOW - DAY * 1_000_000)


def test_caps_and_ceilings_are_lines_of_their_own():
    held = Group("engagement", "Engagement", "engagement", 0, 20)
    model = model_of(behaviour(mode="each", cap=25), groups=(FIT, held))

    lines = lines_of(model, [ago(n) for n in range(4)])

    assert [(line.kind, line.points) for line in lines] == [("rule", 40), ("cap", -15), ("ceiling", -5)]
    assert [line.reason for line in lines[1:]] == [
        "This rule gives at most +25",
        "Engagement counts at most 20",
    ]


def test_a_floor_is_a_line_too():
    held = Group("engagement", "Engagement", "engagement", -5, 20)

    lines = lines_of(model_of(behaviour(points=-30), groups=(FIT, held)), [ago(1)])

    assert [(line.kind, line.points) for line in lines] == [("rule", -30), ("floor", 25)]
    assert lines[1].reason == "Engagement counts at least −5"


def test_what_is_not_known_yet_is_said_at_no_points():
    model = model_of(fit("title", Condition("job_title", "is", "vp"), points=12))

    (line,) = lines_of(model, [])

    assert (line.points, line.reason, line.weight) == (0, "Job title not known yet", "could give +12")


def test_a_matching_field_is_shown_with_its_value():
    model = model_of(fit("title", Condition("job_title", "contains_word", ("director", "vp"))))

    (line,) = lines_of(model, [], {"job_title": "VP Sales"})

    assert (line.points, line.reason) == (10, "Job title contains director or vp (VP Sales)")


def test_a_mismatch_has_no_line():
    assert (
        lines_of(model_of(fit("title", Condition("job_title", "is", "vp"))), [], {"job_title": "cook"}) == ()
    )


def test_critical_and_disqualifying_rules_stand_at_no_points_with_their_reason():
    demo = behaviour("demo", activity="demo_request", effect="critical", points=0)
    rival = fit("rival", Condition("domain", "is", "rival.example"), effect="disqualify", points=0)

    lines = lines_of(model_of(demo, rival), [ago(60, 2, id=3)], {"domain": "rival.example"})

    assert [(line.rule, line.points, line.reason) for line in lines] == [
        ("rival", 0, "Domain is rival.example, which excludes"),
        ("demo", 0, "Asked for a demo once, which qualifies at once"),
    ]


def test_only_the_newest_facts_are_named():
    (line,) = lines_of(model_of(behaviour()), [ago(n, id=1_000 - n) for n in range(200)])

    assert line.fact_ids == tuple(range(1_000, 1_000 - MOST_IDS, -1))


def test_groups_come_in_the_order_of_the_model():
    model = model_of(behaviour(), fit("f", Condition("x", "is", "y")), groups=(ENGAGEMENT, FIT))

    assert [line.group for line in lines_of(model, [ago(1)], {"x": "y"})] == ["Engagement", "Fit"]
