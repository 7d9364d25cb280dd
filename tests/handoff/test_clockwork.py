"""Clocks that are paused, resumed and handed to other teams. 2026-06-10 is a Wednesday."""

from datetime import timedelta

import pytest

from handoff.calendars import due
from handoff.clockwork import Pause, Reassign, Resume, due_after_events, due_with_events, worked
from tests.handoff.calendar_samples import at, calendar, new_york

WEDNESDAY_16 = new_york("2026-06-10T16:00")
BERLIN = calendar("Europe/Berlin")


def due_with(*events, start=WEDNESDAY_16, minutes=120, hours=None):
    return due_with_events(hours or calendar(), start, minutes, events)


class TestPauses:
    def test_a_pause_overnight_takes_away_only_its_working_time(self):
        moment = due_with(Pause(new_york("2026-06-10T16:30")), Resume(new_york("2026-06-11T10:00")))

        assert moment == new_york("2026-06-11T11:30")

    def test_a_pause_outside_hours_changes_nothing(self):
        moment = due_with(Pause(new_york("2026-06-10T18:00")), Resume(new_york("2026-06-11T08:00")))

        assert moment == due_with() == new_york("2026-06-11T10:00")

    def test_a_clock_resumed_at_night_is_not_due_at_night(self):
        moment = due_with(Pause(new_york("2026-06-10T16:30")), Resume(new_york("2026-06-11T03:00")))

        assert moment == new_york("2026-06-11T10:30")

    def test_a_paused_clock_has_no_due_time(self):
        assert due_with(Pause(new_york("2026-06-10T16:30"))) is None

    def test_a_pause_after_the_breach_never_unbreaches(self):
        moment = due_with(Pause(new_york("2026-06-11T10:01")), Resume(new_york("2026-06-12T10:00")))

        assert moment == new_york("2026-06-11T10:00")

    def test_a_pause_at_the_very_due_instant_comes_too_late(self):
        assert due_with(Pause(new_york("2026-06-11T10:00"))) == new_york("2026-06-11T10:00")

    def test_two_pauses_in_one_minute_are_two_pauses(self):
        moment = due_with(
            Pause(new_york("2026-06-10T16:10:00")),
            Resume(new_york("2026-06-10T16:10:10")),
            Pause(new_york("2026-06-10T16:10:20")),
            Resume(new_york("2026-06-10T16:20:00")),
        )

        assert moment == new_york("2026-06-11T10:09:50")

    def test_a_pause_reported_twice_is_one_pause(self):
        once = Pause(new_york("2026-06-10T16:30")), Resume(new_york("2026-06-11T10:00"))

        assert due_with(*once, *once) == due_with(*once)
        assert due_with(once[0], Pause(new_york("2026-06-10T16:45")), once[1]) == due_with(*once)

    def test_events_may_arrive_in_any_order(self):
        pause, resume = Pause(new_york("2026-06-10T16:30")), Resume(new_york("2026-06-11T10:00"))

        assert due_with(resume, pause) == due_with(pause, resume)

    def test_a_clock_that_begins_paused_counts_from_its_resumption(self):
        moment = due_with(Pause(new_york("2026-06-10T15:00")), Resume(new_york("2026-06-11T09:30")))

        assert moment == new_york("2026-06-11T11:30")

    def test_resuming_a_running_clock_changes_nothing(self):
        assert due_with(Resume(new_york("2026-06-10T16:30"))) == due_with()

    def test_a_pause_over_the_spring_change_keeps_real_time(self):
        moment = due_with(
            Pause(new_york("2026-03-06T16:30")),
            Resume(new_york("2026-03-09T10:00")),
            start=new_york("2026-03-06T16:00"),
        )

        assert moment == at("2026-03-09T15:30")


class TestReassignments:
    def test_what_is_left_is_counted_in_the_new_calendar(self):
        moment = due_with(Reassign(new_york("2026-06-10T20:00"), BERLIN))

        assert moment == at("2026-06-11T10:00", "Europe/Berlin")

    def test_a_move_while_both_work_loses_no_minute(self):
        moment = due_with(
            Reassign(new_york("2026-06-10T10:30"), BERLIN), start=new_york("2026-06-10T09:00"), minutes=100
        )

        assert moment == new_york("2026-06-10T10:40")

    def test_a_move_after_the_breach_changes_nothing(self):
        assert due_with(Reassign(new_york("2026-06-11T10:00"), BERLIN)) == due_with()

    def test_a_pause_survives_the_move(self):
        moment = due_with(
            Pause(new_york("2026-06-10T16:30")),
            Reassign(new_york("2026-06-10T16:40"), BERLIN),
            Resume(at("2026-06-11T12:00", "Europe/Berlin")),
        )

        assert moment == at("2026-06-11T13:30", "Europe/Berlin")

    def test_back_and_forth_ends_where_it_began(self):
        away, back = new_york("2026-06-10T18:00"), new_york("2026-06-10T19:00")

        assert due_with(Reassign(away, BERLIN), Reassign(back, calendar())) == due_with()

    def test_a_team_that_never_opens_leaves_the_clock_without_due_time(self):
        assert due_with(Reassign(new_york("2026-06-10T16:30"), calendar(days=[]))) is None

    def test_a_team_that_never_opened_hands_on_the_whole_promise(self):
        moment = due_with(Reassign(new_york("2026-06-11T12:00"), calendar()), hours=calendar(days=[]))

        assert moment == new_york("2026-06-11T14:00")


class TestWorkedTime:
    PAUSED_AND_MOVED = (
        Pause(new_york("2026-06-10T16:30")),
        Resume(new_york("2026-06-10T16:45")),
        Reassign(new_york("2026-06-10T20:00"), BERLIN),
    )

    def test_it_is_the_promise_at_the_due_instant(self):
        moment = due_with(*self.PAUSED_AND_MOVED)

        assert worked(calendar(), WEDNESDAY_16, moment, self.PAUSED_AND_MOVED) == timedelta(minutes=120)

    def test_it_says_in_working_time_how_late_an_answer_came(self):
        answered = at("2026-06-12T09:30", "Europe/Berlin")

        spent = worked(calendar(), WEDNESDAY_16, answered, self.PAUSED_AND_MOVED)

        assert spent - timedelta(minutes=120) == timedelta(hours=6, minutes=45 + 30)

    def test_it_stands_still_while_paused(self):
        events = [Pause(new_york("2026-06-10T16:30"))]

        assert worked(calendar(), WEDNESDAY_16, new_york("2026-06-20T00:00"), events) == timedelta(minutes=30)

    def test_nothing_is_worked_before_the_start(self):
        assert worked(calendar(), WEDNESDAY_16, new_york("2026-06-09T12:00"), []) == timedelta(0)


def test_without_events_a_clock_is_a_plain_promise():
    assert due_with() == due(calendar(), WEDNESDAY_16, 120)


def test_a_warning_at_half_an_odd_promise_is_exact():
    half = due_after_events(calendar(), WEDNESDAY_16, timedelta(minutes=45) / 2, [])

    assert half == new_york("2026-06-10T16:22:30")


def test_a_negative_promise_is_refused():
    with pytest.raises(ValueError, match="negative"):
        due_with(minutes=-1)
