"""The test bench: the same walk that sets due times, told step by step."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handoff.calendars import due
from handoff.models import BusinessCalendar, SlaPolicy
from handoff.walk_chart import HOURS_WIDTH, MARGIN, MOST_ROWS, chart
from handoff.walks import MOST_STEPS, clock_changes, closed_days, walk
from tests.handoff.calendar_samples import around_the_clock, at, calendar, new_york

NIGHT = calendar("Europe/Berlin", [("22:00", "06:00")])


@settings(deadline=None, max_examples=60)
@given(
    begins=st.integers(0, 2 * 366 * 1440),
    minutes=st.integers(0, 5000),
    hours=st.sampled_from([calendar(), NIGHT, around_the_clock("Australia/Lord_Howe")]),
)
def test_the_walk_ends_where_the_promise_is_due_and_its_parts_add_up(begins, minutes, hours):
    begun = at("2026-01-01T00:00") + timedelta(minutes=begins)

    found = walk(hours, begun, minutes)

    assert found.due == due(hours, begun, minutes)
    assert sum((step.taken for step in found.steps), timedelta(0)) == timedelta(minutes=minutes)
    assert all(step.taken <= step.closes - step.opens for step in found.steps)


def test_a_promise_without_end_stops_after_so_many_windows():
    found = walk(calendar(windows=[("09:00", "09:01")]), new_york("2026-06-10T09:00"), 10_000)

    assert found.due is None
    assert len(found.steps) == MOST_STEPS
    assert chart(found, calendar().zone).cut


@pytest.mark.parametrize(
    ("zone", "changes"),
    [
        ("America/New_York", [("2026-03-08T07:00", 60), ("2026-11-01T06:00", -60)]),
        ("Europe/Berlin", [("2026-03-29T01:00", 60), ("2026-10-25T01:00", -60)]),
        ("Australia/Lord_Howe", [("2026-04-04T15:00", -30), ("2026-10-03T15:30", 30)]),
        ("Asia/Kolkata", []),
    ],
)
def test_clock_changes_are_found_to_the_second(zone, changes):
    found = clock_changes(calendar(zone), at("2026-01-01T00:00"), timedelta(days=364))

    assert [(each.at, each.by) for each in found] == [(at(t), timedelta(minutes=m)) for t, m in changes]


def test_days_without_hours_are_told_in_runs_and_weekends_are_no_news():
    hours = calendar(holidays=["2026-12-25", "2026-12-28"], exceptions={"2026-06-10": [], "2026-12-26": []})

    found = closed_days(hours, date(2026, 6, 1))

    assert found == [(date(2026, 6, 10), date(2026, 6, 10)), (date(2026, 12, 25), date(2026, 12, 28))]


def test_the_night_shift_is_drawn_on_both_its_dates():
    drawn = chart(walk(NIGHT, at("2026-06-10T20:00"), 300), NIGHT.zone)

    assert [len(row.open) for row in drawn.rows] == [1, 1]
    assert drawn.rows[0].open[0][0] + drawn.rows[0].open[0][1] == MARGIN + HOURS_WIDTH
    assert [hour for _, hour in drawn.hours] == [f"{hour:02}" for hour in range(0, 25, 3)]
    assert [mark.label for mark in drawn.marks] == ["start 22:00", "due 03:00"]
    assert len(drawn.rows) <= MOST_ROWS


@pytest.fixture
def bench():
    row = SlaPolicy.in_force().calendar
    BusinessCalendar.objects.filter(pk=row.pk).update(
        tz="America/New_York", public_holidays={"2026-12-25": "Christmas Day"}
    )
    return f"/admin/handoff/businesscalendar/{row.pk}/bench/"


@pytest.mark.django_db
def test_the_bench_shows_due_time_and_steps(bench, ada, client_of):
    answer = client_of(ada).get(bench, {"start": "2026-06-12T16:30", "minutes": "60"})

    page = answer.content.decode()
    assert "Monday 15 June 2026, 09:30" in page
    assert "2026-06-15 13:30:00 UTC" in page
    assert len(answer.context["lines"]) == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"start": "soon", "minutes": "60"}, "Give a date and a time"),
        ({"start": "9999-12-31T23:00", "minutes": "60"}, "outside the years"),
        ({"start": "2026-06-12T16:30", "minutes": "-1"}, "greater than or equal to 0"),
        ({"start": "2026-06-12T16:30", "minutes": "many"}, "whole number"),
    ],
)
def test_what_cannot_be_walked_is_refused_and_stays_typed(typed, words, bench, ada, client_of):
    page = client_of(ada).get(bench, typed).content.decode()

    assert words in page
    assert typed["minutes"] in page


@pytest.mark.django_db
def test_the_bench_is_for_admins(bench, mara, ada, client_of):
    assert client_of(mara).get(bench).status_code == 302
    assert client_of(ada).get("/admin/handoff/businesscalendar/999999/bench/").status_code == 404
