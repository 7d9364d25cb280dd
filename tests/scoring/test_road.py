"""The cheapest few changes that would qualify a lead, each really scored."""

from random import Random

from scoring import rules
from scoring.course import Course
from scoring.language import SECOND, Condition, Shape
from scoring.road import Road, roads, steps
from tests.scoring.cases import DAY, NOW, ago, behaviour, fit, model_of, random_case

SHAPES = {1: Shape("page_view", {"path": "/pricing"}), 2: Shape("demo_request")}
PRICING = (Condition("path", "starts_with", ("/pricing",)),)
VP = Condition("job_title", "contains_word", ("vp",))


def roads_of(model, facts=(), **fields):
    return roads(Course.of(model, SHAPES, facts, fields, NOW))


def keys_of(found):
    return [sorted(step.rule.key for step in road.steps) for road in found.found]


def really(course: Course, chosen) -> rules.Score:
    facts = [*course.facts, *(fact for step in chosen for fact in step.facts)]
    shapes = {**course.shapes, **{pk: shape for step in chosen for pk, shape in step.shapes.items()}}
    fields = {**course.fields, **{name: value for step in chosen for name, value in step.learnt.items()}}
    return rules.score(course.model, shapes, facts, fields, course.as_of)


def test_every_road_really_qualifies_and_no_cheaper_single_step_was_missed():
    random, shown = Random(31), 0
    for _ in range(60):
        case = random_case(random, leads=2)
        for facts, fields in zip(case.histories, case.fields, strict=True):
            course = Course.of(case.model, case.shapes, rules.once(facts), fields, NOW)
            here = course.score()
            if here.qualifies or here.disqualified:
                continue

            found = roads(course).found

            shown += len(found)
            assert all(really(course, road.steps).qualifies for road in found)
            assert [road.cost for road in found] == sorted(road.cost for road in found)
            alone = [Road((step,), really(course, (step,))) for step in steps(course)]
            cheapest = min((road.cost for road in alone if road.result.qualifies), default=None)
            assert cheapest is None or found[0].cost == cheapest
    assert shown > 20


def test_what_is_missing_of_a_threshold_is_named_with_its_last_day():
    rule = behaviour("pricing", points=60, n=3, window_seconds=7 * DAY, conditions=PRICING)

    (road,) = roads_of(model_of(rule), [ago(DAY, id=1)]).found

    (step,) = road.steps
    assert (step.times, step.before) == (2, NOW + 6 * DAY * SECOND)
    assert road.result.total == 60


def test_a_field_to_learn_comes_before_something_to_do():
    model = model_of(behaviour(points=60), fit("vp", VP, points=60))

    assert keys_of(roads_of(model)) == [["vp"], ["views"]]


def test_what_is_known_is_never_supposed_to_be_otherwise():
    model = model_of(fit("vp", VP, points=60))

    found = roads_of(model, job_title="Cook")

    assert (found.found, found.best) == ((), None)


def test_steps_are_combined_when_none_would_do_alone():
    model = model_of(behaviour(points=30), fit("vp", VP, points=30))

    found = roads_of(model)

    assert keys_of(found) == [["views", "vp"]]
    assert found.found[0].result.total == 60


def test_a_floor_of_fit_must_be_reached_too():
    model = model_of(behaviour(points=90), fit("vp", VP, points=30), fit_floor=30)

    assert keys_of(roads_of(model)) == [["views", "vp"]]
    assert roads_of(model, job_title="Cook").found == ()


def test_a_critical_signal_is_a_road():
    demo = behaviour("demo", activity="demo_request", effect="critical", points=0)

    (road,) = roads_of(model_of(demo)).found

    assert road.result.critical == "demo"


def test_a_disqualified_lead_has_none():
    model = model_of(
        behaviour(points=90), fit("rival", Condition("country", "is", "X"), effect="disqualify", points=0)
    )

    assert roads_of(model, country="X").found == ()


def test_what_we_do_ourselves_is_no_step():
    assert roads_of(model_of(behaviour(activity="email_sent", points=90))).found == ()
