"""What a score means, feature by feature, exactly on the borders. Oracle and kernel must both say so."""

from dataclasses import replace

import pytest

from scoring import decay, rules
from scoring.batch import gather, score_many
from scoring.compiler import compile_model
from scoring.fit import fit_points
from scoring.language import MOST_SECONDS, SCALE, SECOND, Condition, Group, Shape
from tests.scoring.cases import DAY, ENGAGEMENT, FIT, HOUR, NOW, ago, behaviour, fit, model_of

SHAPES = {
    1: Shape("page_view", {"path": "/pricing"}),
    2: Shape("page_view", {"path": "/careers"}),
    3: Shape("content_download", {"asset": "Guide"}),
    4: Shape("content_download", {"asset": " guide "}),
    5: Shape("content_download", {"asset": "Report"}),
    6: Shape("content_download", {}),
    7: Shape("page_view", {"path": "/pricing"}, machine=True),
    8: Shape("webinar_attended", {}),
    9: Shape("demo_request", {}),
}
MICROSECOND = 1 / SECOND


def score(model, facts, fields=None, as_of=NOW):
    """The oracle's score, once the kernel has said the same."""
    told = rules.score(model, SHAPES, facts, fields or {}, as_of)
    fit_part = fit_points(model, {name: [value] for name, value in (fields or {}).items()}, 1)
    kernel = score_many(compile_model(model, SHAPES), gather([facts]), fit_part, as_of)
    assert (kernel.total[0], kernel.fit[0], kernel.band_names[0], kernel.qualifies[0]) == (
        *(told.total, told.fit, told.band, told.qualifies),
    )
    return told


def total(rule, facts, as_of=NOW):
    return score(model_of(rule), facts, as_of=as_of).total


class TestCounting:
    def test_a_threshold_gives_its_points_once(self):
        rule = behaviour(n=2)

        assert [total(rule, [ago(hours) for hours in range(many)]) for many in (1, 2, 5)] == [0, 10, 10]

    def test_each_gives_points_every_time(self):
        assert total(behaviour(mode="each"), [ago(1), ago(2), ago(2)]) == 30

    def test_two_at_the_same_instant_are_two(self):
        assert total(behaviour(n=2), [ago(5, id=1), ago(5, id=2)]) == 10

    def test_one_stored_row_passed_twice_is_one(self):
        assert total(behaviour(mode="each"), [ago(5, id=1), ago(5, id=1)]) == 10

    def test_machines_other_activities_and_the_future_do_not_count(self):
        assert total(behaviour(mode="each"), [ago(1, 7), ago(1, 3), ago(-MICROSECOND)]) == 0

    def test_an_occurrence_counts_at_its_own_instant(self):
        assert total(behaviour(), [ago(0)]) == 10

    def test_conditions_read_the_shape(self):
        rule = behaviour(mode="each", conditions=(Condition("path", "contains_word", ("pricing",)),))

        assert total(rule, [ago(1), ago(1, 2)]) == 10

    def test_conditions_read_the_measures_of_each_occurrence(self):
        rule = behaviour(
            mode="each", conditions=(Condition("seconds", "at_least", 60), Condition("amount", "is", 5))
        )

        assert (
            total(rule, [ago(1, seconds=60, amount=5), ago(1, seconds=59, amount=5), ago(1, seconds=99)])
            == 10
        )

    def test_a_disabled_rule_is_silent(self):
        assert total(behaviour(enabled=False), [ago(1)]) == 0


class TestWindows:
    @pytest.mark.parametrize(("age", "expected"), [(7 * DAY, 0), (7 * DAY - MICROSECOND, 10), (0, 10)])
    def test_a_window_is_open_at_its_far_end(self, age, expected):
        assert total(behaviour(window_seconds=7 * DAY), [ago(age)]) == expected

    def test_a_frequency_must_be_met_within_the_window(self):
        rule = behaviour(window_seconds=7 * DAY, n=3)

        assert total(rule, [ago(DAY), ago(2 * DAY), ago(8 * DAY)]) == 0
        assert total(rule, [ago(DAY), ago(2 * DAY), ago(6 * DAY)]) == 10


class TestDistinct:
    RULE = behaviour(activity="content_download", aggregate="distinct", distinct_by="asset", n=2)

    def test_the_same_asset_written_differently_is_one(self):
        assert total(self.RULE, [ago(1, 3), ago(2, 4)]) == 0
        assert total(self.RULE, [ago(1, 3), ago(2, 5)]) == 10

    def test_what_has_no_such_property_does_not_count(self):
        assert total(self.RULE, [ago(1, 3), ago(2, 6)]) == 0

    def test_each_different_value_fades_from_its_newest_occurrence(self):
        rule = replace(self.RULE, mode="each", n=1, decay="half_life", decay_seconds=DAY)

        assert total(rule, [ago(0, 3), ago(DAY, 4), ago(DAY, 5)]) == 15


class TestSums:
    RULE = behaviour(activity="webinar_attended", aggregate="sum", n=1_200)

    def test_seconds_add_up_to_the_threshold(self):
        assert total(self.RULE, [ago(1, 8, seconds=600), ago(2, 8, seconds=599)]) == 0
        assert total(self.RULE, [ago(1, 8, seconds=600), ago(2, 8, seconds=600)]) == 10

    def test_each_gives_its_points_for_every_n_seconds(self):
        rule = replace(self.RULE, mode="each", points=4)

        assert total(rule, [ago(1, 8, seconds=600), ago(2, 8, seconds=1_200)]) == 6

    def test_one_occurrence_lasts_a_day_at_most_and_never_less_than_nothing(self):
        rule = replace(self.RULE, n=MOST_SECONDS, mode="each")

        assert total(rule, [ago(1, 8, seconds=10 * MOST_SECONDS), ago(2, 8, seconds=-50)]) == 10


class TestDecay:
    def test_points_halve_every_half_life(self):
        rule = behaviour(points=40, decay="half_life", decay_seconds=30 * DAY)

        assert [total(rule, [ago(days * DAY)]) for days in (0, 30, 60, 90)] == [40, 20, 10, 5]

    def test_a_threshold_is_as_old_as_its_newest_occurrence(self):
        rule = behaviour(points=40, n=2, decay="half_life", decay_seconds=30 * DAY)

        assert total(rule, [ago(30 * DAY), ago(300 * DAY)]) == 20

    def test_each_occurrence_has_its_own_age(self):
        rule = behaviour(points=8, mode="each", decay="half_life", decay_seconds=DAY)

        assert total(rule, [ago(0), ago(DAY), ago(2 * DAY)]) == 14

    @pytest.mark.parametrize("mode", ["threshold", "each"])
    @pytest.mark.parametrize(("age", "expected"), [(DAY, 0), (DAY - MICROSECOND, 10)])
    def test_expiry_ends_at_its_day(self, mode, age, expected):
        assert total(behaviour(mode=mode, decay="expiry", decay_seconds=DAY), [ago(age)]) == expected

    def test_an_award_lives_as_long_as_its_newest_occurrence(self):
        rule = behaviour(n=2, decay="expiry", decay_seconds=DAY)

        assert total(rule, [ago(HOUR), ago(40 * DAY)]) == 10

    def test_weights_are_whole_numbers_that_only_fall(self):
        weights = [decay.weight(age, DAY * SECOND) for age in range(0, 26 * DAY * SECOND, 97 * 60 * SECOND)]

        assert (weights[0], weights[-1]) == (SCALE, 0)
        assert weights == sorted(weights, reverse=True)
        assert decay.TABLE[decay.STEPS // 2] == 11_863_283  # SCALE / sqrt(2), rounded down

    def test_the_future_has_no_weight(self):
        with pytest.raises(ValueError, match="future"):
            decay.weight(-1, DAY)


class TestCapsAndGroups:
    def test_a_cap_holds_the_rule_not_the_occurrence(self):
        assert total(behaviour(mode="each", cap=25), [ago(n) for n in range(4)]) == 25

    def test_a_cap_holds_negative_points_too(self):
        assert total(behaviour(mode="each", points=-10, cap=25), [ago(n) for n in range(4)]) == -25

    def test_a_capped_rule_fades_only_once_its_excess_is_gone(self):
        rule = behaviour(mode="each", points=10, cap=25, decay="half_life", decay_seconds=DAY)

        assert total(rule, [ago(DAY) for _ in range(8)]) == 25
        assert total(rule, [ago(2 * DAY) for _ in range(8)]) == 20

    def test_groups_hold_their_sum_between_floor_and_ceiling(self):
        held = replace(ENGAGEMENT, minimum=-5, maximum=15)
        plus, minus = behaviour(mode="each"), behaviour("careers", mode="each", points=-10)

        assert score(model_of(plus, groups=(FIT, held)), [ago(1), ago(2)]).total == 15
        assert score(model_of(minus, groups=(FIT, held)), [ago(1), ago(2)]).total == -5

    def test_rounding_is_once_and_half_away_from_zero(self):
        half = {"mode": "each", "decay": "half_life", "decay_seconds": DAY}
        two = Group("more", "More", "engagement", -100, 100)
        groups = (FIT, ENGAGEMENT, two)
        apart = (behaviour("a", points=1, **half), behaviour("b", points=1, group="more", **half))

        assert score(model_of(*apart, groups=groups), [ago(DAY)]).total == 1
        assert total(behaviour(points=1, **half), [ago(DAY)]) == 1
        assert total(behaviour(points=-1, **half), [ago(DAY)]) == -1

    def test_no_number_of_occurrences_leaves_the_rules_ceiling(self):
        rule = behaviour(mode="each", points=10_000, aggregate="sum", n=1)
        held = replace(ENGAGEMENT, maximum=1_000_000)
        long_days = [ago(n, seconds=MOST_SECONDS) for n in range(999)]

        assert score(model_of(rule, groups=(FIT, held)), long_days).total == 1_000_000


class TestFit:
    MODEL = model_of(
        fit("title", Condition("title", "contains_word", ("vp",)), points=12),
        fit("size", Condition("size", "at_least", 200), points=8),
        fit("student", Condition("title", "contains_word", ("student",)), points=-20),
    )

    def test_what_is_known_counts_and_what_is_unknown_widens_the_range(self):
        told = score(self.MODEL, [], {"title": "VP Sales"})

        assert (told.fit, told.fit_low, told.fit_high) == (12, 12, 20)

    def test_knowing_nothing_leaves_everything_open(self):
        told = score(self.MODEL, [])

        assert (told.fit, told.fit_low, told.fit_high) == (0, -20, 20)

    def test_knowing_all_closes_the_range(self):
        told = score(self.MODEL, [], {"title": "Student", "size": 5})

        assert (told.fit, told.fit_low, told.fit_high) == (-20, -20, -20)

    def test_a_rule_one_known_field_contradicts_is_not_open(self):
        both = fit("both", Condition("title", "is", "vp"), Condition("size", "at_least", 200))

        assert score(model_of(both), [], {"size": 5}).fit_high == 0

    def test_points_for_not_knowing_may_go(self):
        told = score(model_of(fit("blank", Condition("title", "unknown"), points=-4)), [])

        assert (told.fit, told.fit_low, told.fit_high) == (-4, -4, 0)

    def test_the_range_respects_the_group(self):
        held = replace(FIT, maximum=15, minimum=-10)
        told = score(replace(self.MODEL, groups=(held, ENGAGEMENT)), [])

        assert (told.fit_low, told.fit_high) == (-10, 15)


class TestQualifying:
    MODEL = model_of(
        behaviour(points=50, window_seconds=DAY),
        behaviour("careers", points=-7, conditions=(Condition("path", "is", "/careers"),)),
        fit("size", Condition("size", "at_least", 200), points=10),
        fit("rival", Condition("domain", "is", "rival.example"), effect="disqualify", points=0),
        behaviour("demo", activity="demo_request", effect="critical", points=0, window_seconds=30 * DAY),
        threshold=50,
        fit_floor=0,
        margin=5,
    )

    def test_the_line_itself_qualifies(self):
        assert score(self.MODEL, [ago(1)]).qualifies
        assert not score(replace(self.MODEL, threshold=51), [ago(1)]).qualifies

    def test_a_fit_below_the_floor_does_not(self):
        assert not score(replace(self.MODEL, fit_floor=1), [ago(1)]).qualifies

    def test_a_demo_request_qualifies_at_once_while_it_is_in_its_window(self):
        told = score(replace(self.MODEL, fit_floor=5), [ago(1, 9)])

        assert (told.total, told.qualifies, told.critical) == (0, True, "demo")
        assert not score(self.MODEL, [ago(30 * DAY, 9)]).qualifies

    def test_a_rival_never_qualifies(self):
        told = score(self.MODEL, [ago(1), ago(1, 9)], {"domain": "rival.example"})

        assert (told.total, told.qualifies, told.disqualified) == (50, False, "rival")

    @pytest.mark.parametrize(
        ("fit_points_", "engagement", "band"), [(30, 60, "A1"), (29, 59, "B2"), (10, 20, "C3"), (9, 19, "D4")]
    )
    def test_bands_begin_at_their_cuts(self, fit_points_, engagement, band):
        model = model_of(
            fit("f", Condition("x", "is", "y"), points=fit_points_), behaviour(points=engagement)
        )

        assert score(model, [ago(1)], {"x": "y"}).band == band

    def test_a_qualified_lead_stays_until_it_falls_below_the_margin(self):
        between = score(replace(self.MODEL, threshold=55), [ago(1)])
        below = score(replace(self.MODEL, threshold=56), [ago(1)])

        assert rules.holds(between, was_qualified=True, model=replace(self.MODEL, threshold=55))
        assert not rules.holds(between, was_qualified=False, model=replace(self.MODEL, threshold=55))
        assert not rules.holds(below, was_qualified=True, model=replace(self.MODEL, threshold=56))

    def test_disqualification_ends_it_whatever_the_margin(self):
        told = score(self.MODEL, [ago(1)], {"domain": "rival.example"})

        assert not rules.holds(told, was_qualified=True, model=self.MODEL)


def test_the_order_of_facts_does_not_matter():
    rule = behaviour(mode="each", decay="half_life", decay_seconds=DAY)
    facts = [ago(hours * HOUR, id=hours + 1) for hours in range(30)]

    assert total(rule, facts) == total(rule, facts[::-1]) == total(rule, facts[15:] + facts[:15])


def test_a_score_as_at_a_past_date_ignores_what_came_later():
    rule = behaviour(mode="each")

    assert total(rule, [ago(HOUR), ago(3 * HOUR)], as_of=NOW - 2 * HOUR * SECOND) == 10
