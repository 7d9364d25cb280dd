"""What a rep reads beside a lead: how long is left, and whether to worry."""

from datetime import UTC, datetime, timedelta

import pytest

from handoff.durations import clock_state, left_words, met_words, missed_words, percent_left, ring_tone

MINUTE, HOUR, DAY = 60, 3600, 86400
DUE = datetime(2026, 11, 17, 14, 38, tzinfo=UTC)
BEFORE, AFTER = DUE - timedelta(minutes=12), DUE + timedelta(minutes=6)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (18 * MINUTE, "18 min left"),
        (18 * MINUTE + 59, "18 min left"),
        (59, "under 1 min left"),
        (HOUR, "1 h left"),
        (HOUR + 22 * MINUTE, "1 h 22 min left"),
        (2 * HOUR + 5 * MINUTE, "2 h 05 min left"),
        (DAY - 1, "23 h 59 min left"),
        (DAY, "1 d left"),
        (2 * DAY + 3 * HOUR + 59 * MINUTE, "2 d 3 h left"),
        (0, "under 1 min overdue"),
        (-59, "under 1 min overdue"),
        (-12 * MINUTE, "12 min overdue"),
        (-12.9 * MINUTE, "12 min overdue"),
        (-(DAY + HOUR), "1 d 1 h overdue"),
    ],
)
def test_time_left_is_said_in_words(seconds, words):
    assert left_words(seconds) == words


def test_a_working_day_may_be_eight_hours():
    assert left_words(19 * HOUR, hours_a_day=8) == "2 d 3 h left"


def test_a_finished_clock_says_how_it_went():
    assert met_words(21 * MINUTE + 30) == "Met in 21 min"
    assert met_words(20) == "Met in under 1 min"
    assert missed_words(40 * MINUTE) == "Missed by 40 min"


@pytest.mark.parametrize(
    ("left", "percent"),
    [(30, 100), (45, 100), (15.1, 51), (15, 50), (12, 40), (0.01, 1), (0, 0), (-6, 0)],
)
def test_the_ring_shows_what_is_left_of_the_promise(left, percent):
    assert percent_left(left, 30) == percent


def test_a_promise_of_no_time_has_an_empty_ring():
    assert percent_left(10, 0) == 0


@pytest.mark.parametrize(
    ("percent", "tone"), [(100, "good"), (51, "good"), (50, "warn"), (21, "warn"), (20, "bad"), (0, "bad")]
)
def test_the_ring_turns_amber_at_half_and_red_at_four_fifths(percent, tone):
    assert ring_tone(percent) == tone


class TestState:
    @pytest.mark.parametrize(("percent", "state"), [(100, "ok"), (51, "ok"), (50, "soon"), (1, "soon")])
    def test_a_running_clock_is_fine_until_half_is_used(self, percent, state):
        assert clock_state(now=BEFORE, due=DUE, percent=percent) == state

    def test_a_clock_is_over_from_its_due_instant_on(self):
        assert clock_state(now=DUE - timedelta(seconds=1), due=DUE, percent=1) == "soon"
        assert clock_state(now=DUE, due=DUE, percent=0) == "over"

    def test_a_recorded_breach_stays_although_a_pause_follows(self):
        assert clock_state(now=AFTER, due=None, percent=0, breached=DUE, paused=True) == "over"

    def test_a_pause_does_not_hide_an_overdue_clock(self):
        assert clock_state(now=AFTER, due=DUE, percent=0, paused=True) == "over"

    def test_a_paused_clock_and_one_without_due_time_stand_still(self):
        assert clock_state(now=BEFORE, due=DUE, percent=40, paused=True) == "paused"
        assert clock_state(now=BEFORE, due=None, percent=40) == "paused"

    def test_an_answer_in_time_is_met_for_ever(self):
        assert clock_state(now=AFTER, due=DUE, percent=40, met=BEFORE) == "met"
        assert clock_state(now=AFTER, due=DUE, percent=0, met=DUE) == "met"

    def test_a_late_answer_is_missed_recorded_or_not(self):
        assert clock_state(now=AFTER, due=DUE, percent=0, met=AFTER, breached=DUE) == "missed"
        assert clock_state(now=AFTER, due=DUE, percent=0, met=AFTER) == "missed"
