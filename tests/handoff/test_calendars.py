"""Working time, one promise a test. Dates are real: 2026-06-12 is a Friday."""

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from handoff.calendars import (
    DAYS,
    Calendar,
    CalendarError,
    due,
    due_after,
    is_open,
    next_open,
    open_windows,
    working_minutes,
    working_seconds,
    working_time,
)
from tests.handoff.calendar_samples import WORKDAYS, around_the_clock, at, calendar, new_york

NIGHTS = [("22:00", "06:00")]
SMALL_HOURS = [("00:00", "06:00")]
LORD_HOWE = "Australia/Lord_Howe"

WORKED_CASES = {
    "Friday evening into Monday": (calendar(), "2026-06-12T16:30-04:00", 60, "2026-06-15T13:30Z"),
    "a full day is due at its close": (calendar(), "2026-06-10T09:00-04:00", 480, "2026-06-10T21:00Z"),
    "over the spring weekend": (calendar(), "2026-03-06T16:00-05:00", 120, "2026-03-09T14:00Z"),
    "over the autumn weekend": (calendar(), "2026-10-30T16:00-04:00", 120, "2026-11-02T15:00Z"),
    "a day around the clock over spring": (
        around_the_clock(),
        "2026-03-07T12:00-05:00",
        1440,
        "2026-03-08T13:00-04:00",
    ),
    "Sunday 00-06 in autumn is seven hours": (
        calendar(windows=SMALL_HOURS, days=["sun"]),
        "2026-11-01T00:00-04:00",
        420,
        "2026-11-01T06:00-05:00",
    ),
    "Beirut has no midnight in spring": (
        calendar("Asia/Beirut", [("00:00", "08:00")], DAYS),
        "2026-03-28T07:00+02:00",
        120,
        "2026-03-29T02:00+03:00",
    ),
    "Lord Howe moves half an hour": (
        calendar(LORD_HOWE, SMALL_HOURS, DAYS),
        "2026-10-04T00:00+10:30",
        360,
        "2026-10-05T00:30+11:00",
    ),
    "Kolkata has a half-hour offset": (
        calendar("Asia/Kolkata", [("10:00", "19:00")]),
        "2026-06-10T18:30+05:30",
        60,
        "2026-06-11T10:30+05:30",
    ),
    "into a leap day": (calendar(), "2028-02-28T16:00-05:00", 120, "2028-02-29T10:00-05:00"),
    "a holiday on Saturday moves nothing": (
        calendar(holidays=["2026-07-04"]),
        "2026-07-03T16:00-04:00",
        120,
        "2026-07-06T10:00-04:00",
    ),
    "Friday's night shift ends on Saturday": (
        calendar(windows=NIGHTS),
        "2026-06-13T05:00-04:00",
        120,
        "2026-06-15T23:00-04:00",
    ),
    "a Wednesday of no length": (
        calendar(weekly={"wed": [["09:00", "09:00"]]}),
        "2026-06-09T16:00-04:00",
        120,
        "2026-06-11T10:00-04:00",
    ),
    "Samoa skipped a Friday": (
        calendar("Pacific/Apia"),
        "2011-12-29T16:00-10:00",
        120,
        "2012-01-02T10:00+14:00",
    ),
    # Published by vendors as Monday 09:00 and Tuesday 11:00.
    "eight hours from Friday's close": (calendar(), "2026-06-12T17:00-04:00", 480, "2026-06-15T17:00-04:00"),
    "four hours from Friday 16:00, 08-17": (
        calendar(windows=[("08:00", "17:00")]),
        "2026-06-12T16:00-04:00",
        240,
        "2026-06-15T11:00-04:00",
    ),
}


@pytest.mark.parametrize(("hours", "start", "minutes", "expected"), WORKED_CASES.values(), ids=WORKED_CASES)
def test_the_worked_cases_fall_due(hours, start, minutes, expected):
    moment = due(hours, datetime.fromisoformat(start), minutes)

    assert moment == datetime.fromisoformat(expected)
    assert moment.tzinfo is UTC


class TestEdgesOfWindows:
    def test_a_start_at_the_close_belongs_to_the_next_window(self):
        assert due(calendar(), new_york("2026-06-10T17:00"), 1) == new_york("2026-06-11T09:01")

    def test_a_start_at_the_opening_counts_from_there(self):
        assert due(calendar(), new_york("2026-06-10T09:00"), 1) == new_york("2026-06-10T09:01")

    def test_a_lead_of_saturday_noon_starts_its_clock_on_monday_morning(self):
        assert due(calendar(), new_york("2026-06-13T13:00"), 30) == new_york("2026-06-15T09:30")

    def test_open_is_open_at_the_opening_and_closed_at_the_close(self):
        assert is_open(calendar(), new_york("2026-06-10T09:00"))
        assert is_open(calendar(), new_york("2026-06-10T16:59:59"))
        assert not is_open(calendar(), new_york("2026-06-10T17:00"))

    def test_the_next_opening_is_now_when_open(self):
        assert next_open(calendar(), new_york("2026-06-10T12:00")) == new_york("2026-06-10T12:00")
        assert next_open(calendar(), new_york("2026-06-12T17:00")) == new_york("2026-06-15T09:00")

    def test_nothing_to_do_is_due_at_once_or_at_the_next_opening(self):
        assert due(calendar(), new_york("2026-06-10T12:00"), 0) == new_york("2026-06-10T12:00")
        assert due(calendar(), new_york("2026-06-10T17:00"), 0) == new_york("2026-06-11T09:00")

    def test_seconds_are_kept(self):
        assert due(calendar(), new_york("2026-06-12T16:59:30"), 1) == new_york("2026-06-15T09:00:30")
        assert (
            working_seconds(calendar(), new_york("2026-06-12T16:59:30"), new_york("2026-06-15T09:00:15"))
            == 45
        )

    def test_half_of_an_odd_promise_is_not_rounded(self):
        half = timedelta(minutes=45) / 2

        assert due_after(calendar(), new_york("2026-06-10T09:00"), half) == new_york("2026-06-10T09:22:30")


class TestSeveralWindowsADay:
    LUNCH = calendar(windows=[("09:00", "12:00"), ("13:00", "17:00")])

    def test_lunch_is_not_counted(self):
        assert due(self.LUNCH, new_york("2026-06-10T11:30"), 60) == new_york("2026-06-10T13:30")

    def test_a_promise_that_ends_with_the_morning_is_due_at_noon(self):
        assert due(self.LUNCH, new_york("2026-06-10T11:30"), 30) == new_york("2026-06-10T12:00")

    def test_windows_may_be_listed_in_any_order(self):
        shuffled = calendar(windows=[("13:00", "17:00"), ("09:00", "12:00")])

        assert due(shuffled, new_york("2026-06-10T11:30"), 60) == new_york("2026-06-10T13:30")

    def test_overlapping_windows_count_once(self):
        doubled = calendar(windows=[("09:00", "13:00"), ("10:00", "11:00"), ("12:00", "17:00")])

        assert working_minutes(doubled, new_york("2026-06-10T00:00"), new_york("2026-06-11T00:00")) == 480

    def test_windows_that_touch_are_one_stretch(self):
        touching = calendar(windows=[("09:00", "12:00"), ("12:00", "17:00")])

        stretches = open_windows(touching, new_york("2026-06-10T10:00"), new_york("2026-06-11T10:00"))

        assert stretches == [
            (new_york("2026-06-10T10:00"), new_york("2026-06-10T17:00")),
            (new_york("2026-06-11T09:00"), new_york("2026-06-11T10:00")),
        ]


class TestNights:
    def test_around_the_clock_loses_no_minute_at_midnight(self):
        for whole_day in (["00:00", "24:00"], ["00:00", "00:00"]):
            hours = around_the_clock(weekly={"wed": [whole_day, ["00:00", "24:00"]]})

            assert due(hours, at("2026-06-01T00:00"), 28 * 1440) == at("2026-06-29T00:00")

    def test_a_window_to_midnight_may_say_24_or_00(self):
        for midnight in ("24:00", "00:00"):
            hours = calendar(windows=[("18:00", midnight)])

            assert due(hours, new_york("2026-06-10T23:00"), 60) == new_york("2026-06-11T00:00")

    def test_the_night_shift_of_sunday_is_not_open_before_it_begins(self):
        nights = calendar(windows=NIGHTS, days=["sun"])

        assert not is_open(nights, new_york("2026-06-14T03:00"))
        assert is_open(nights, new_york("2026-06-15T03:00"))

    def test_a_night_shift_and_an_early_shift_that_overlap_count_once(self):
        hours = calendar(windows=[("22:00", "06:00"), ("05:00", "09:00")])

        assert working_minutes(hours, new_york("2026-06-10T22:00"), new_york("2026-06-11T22:00")) == 11 * 60

    def test_the_night_in_which_clocks_go_forward_is_an_hour_shorter(self):
        nights = calendar(windows=NIGHTS, days=["sat"])

        assert working_minutes(nights, new_york("2026-03-07T12:00"), new_york("2026-03-08T12:00")) == 7 * 60
        assert working_minutes(nights, new_york("2026-10-31T12:00"), new_york("2026-11-01T12:00")) == 9 * 60


class TestHolidays:
    def test_a_holiday_is_closed(self):
        hours = calendar(holidays=["2026-12-25"])

        assert due(hours, new_york("2026-12-24T16:00"), 120) == new_york("2026-12-28T10:00")

    def test_a_holiday_is_the_date_of_the_team_and_not_of_the_server(self):
        sydney = around_the_clock("Australia/Sydney", holidays=["2026-12-25"])

        closed = open_windows(sydney, at("2026-12-24T00:00"), at("2026-12-26T00:00"))

        assert closed == [
            (at("2026-12-24T00:00"), at("2026-12-24T13:00")),
            (at("2026-12-25T13:00"), at("2026-12-26T00:00")),
        ]

    def test_the_night_shift_begun_the_evening_before_is_worked_to_its_end(self):
        nights = calendar(windows=NIGHTS, days=DAYS, holidays=["2026-12-25"])

        assert is_open(nights, new_york("2026-12-25T05:59"))
        assert next_open(nights, new_york("2026-12-25T06:00")) == new_york("2026-12-26T22:00")

    def test_an_exception_replaces_the_hours_of_its_date(self):
        hours = calendar(exceptions={"2026-12-24": [["09:00", "12:00"]], "2026-12-28": []})

        assert due(hours, new_york("2026-12-24T11:00"), 120) == new_york("2026-12-25T10:00")
        assert next_open(hours, new_york("2026-12-25T17:00")) == new_york("2026-12-29T09:00")

    def test_an_exception_wins_over_a_holiday(self):
        hours = calendar(holidays=["2026-12-25"], exceptions={"2026-12-25": [["10:00", "11:00"]]})

        assert due(hours, new_york("2026-12-24T16:30"), 60) == new_york("2026-12-25T10:30")

    def test_an_exception_opens_a_day_that_is_never_worked(self):
        hours = calendar(exceptions={"2026-06-13": [["10:00", "14:00"]]})

        assert due(hours, new_york("2026-06-12T17:00"), 60) == new_york("2026-06-13T11:00")

    def test_a_recurring_holiday_comes_back_every_year(self):
        hours = calendar(days=DAYS, holidays=["12-25"])

        assert not is_open(hours, new_york("2026-12-25T12:00"))
        assert not is_open(hours, new_york("2031-12-25T12:00"))

    def test_a_recurring_29_february_exists_in_leap_years_only(self):
        hours = calendar(days=DAYS, holidays=["02-29"])

        assert due(hours, new_york("2028-02-28T16:00"), 120) == new_york("2028-03-01T10:00")
        assert due(hours, new_york("2027-02-28T16:00"), 120) == new_york("2027-03-01T10:00")


class TestClocksThatChange:
    def test_the_offset_of_the_day_counts_and_not_that_of_today(self):
        assert next_open(calendar(), at("2026-01-05T00:00")) == at("2026-01-05T14:00")
        assert next_open(calendar(), at("2026-07-06T00:00")) == at("2026-07-06T13:00")

    def test_the_hour_that_is_read_twice_counts_twice(self):
        hours = calendar(windows=[("01:00", "02:00")], days=["sun"])

        assert working_minutes(hours, at("2026-11-01T00:00"), at("2026-11-02T00:00")) == 120

    def test_the_hour_that_is_skipped_is_worth_nothing(self):
        hours = calendar(windows=[("02:00", "03:00")], days=["sun"])

        assert working_minutes(hours, at("2026-03-08T00:00"), at("2026-03-09T00:00")) == 0
        assert due(hours, new_york("2026-03-07T12:00"), 0) == new_york("2026-03-15T02:00")

    def test_an_opening_that_clocks_skip_is_met_when_they_jump(self):
        hours = calendar(windows=[("02:30", "06:00")], days=["sun"])

        assert next_open(hours, new_york("2026-03-08T00:00")) == at("2026-03-08T07:00")
        assert working_minutes(hours, at("2026-03-08T00:00"), at("2026-03-09T00:00")) == 180

    def test_an_edge_that_is_read_twice_is_met_the_first_time(self):
        early, late = (
            calendar(windows=[("00:00", "01:30")], days=DAYS),
            calendar(windows=[("01:30", "06:00")], days=DAYS),
        )
        night = at("2026-11-01T04:00"), at("2026-11-01T11:00")

        assert open_windows(early, *night) == [(at("2026-11-01T04:00"), at("2026-11-01T05:30"))]
        assert open_windows(late, *night) == [(at("2026-11-01T05:30"), at("2026-11-01T11:00"))]

    def test_an_instant_in_the_second_pass_of_an_hour_is_taken_for_what_it_is(self):
        second_pass = datetime(2026, 11, 1, 1, 30, tzinfo=calendar().zone, fold=1)

        assert is_open(around_the_clock(), second_pass)
        assert due(around_the_clock(), second_pass, 30) == at("2026-11-01T07:00")

    def test_any_zone_may_ask(self):
        start = datetime.fromisoformat("2026-06-12T22:30:00+02:00")

        assert (
            due(calendar(), start, 60) == due(calendar(), start.astimezone(UTC), 60) == at("2026-06-15T13:30")
        )


class TestCalendarsThatNeverOpen:
    NEVER = (
        Calendar.from_data({"tz": "UTC", "weekly": {}}),
        calendar(days=[]),
        calendar(windows=[("09:00", "09:00")], exceptions={"2026-12-24": []}),
    )

    @pytest.mark.parametrize("hours", NEVER)
    def test_they_are_refused(self, hours):
        with pytest.raises(CalendarError, match=r"^weekly: no day has opening hours"):
            hours.validate(at("2026-06-10T09:00"))

    @pytest.mark.parametrize("hours", NEVER)
    def test_they_answer_never(self, hours):
        assert due(hours, at("2026-06-10T09:00"), 60) is None
        assert next_open(hours, at("2026-06-10T09:00")) is None
        assert working_time(hours, at("2000-01-01T00:00"), at("2500-01-01T00:00")) == timedelta(0)

    def test_a_week_with_hours_or_one_special_day_is_enough(self):
        calendar().validate(at("2026-06-10T09:00"))
        fair = calendar(days=[], exceptions={"2026-12-24": [["09:00", "12:00"]]})
        fair.validate(at("2026-06-10T09:00"))

        with pytest.raises(CalendarError, match=r"^weekly: "):
            fair.validate(at("2026-12-25T09:00"))

    def test_special_days_alone_run_out(self):
        fair = calendar(days=[], exceptions={"2026-12-24": [["09:00", "12:00"]]})

        assert due(fair, at("2026-06-10T09:00"), 180) == new_york("2026-12-24T12:00")
        assert due(fair, at("2026-06-10T09:00"), 181) is None

    def test_a_promise_longer_than_any_career_is_never_due(self):
        assert due(calendar(), at("2026-06-10T09:00"), 10**15) is None

    def test_a_promise_of_years_is_due(self):
        weekly_hour = calendar(windows=[("09:00", "10:00")], days=["mon"])

        assert due(weekly_hour, new_york("2026-06-15T09:00"), 10 * 52 * 60) == new_york("2036-05-26T10:00")

    def test_a_calendar_that_never_closes_is_walked_a_day_at_a_time(self):
        windows = around_the_clock("UTC").windows_after(at("2026-06-10T12:00"))

        assert list(islice(windows, 2)) == [
            (at("2026-06-10T12:00"), at("2026-06-11T00:00")),
            (at("2026-06-11T00:00"), at("2026-06-12T00:00")),
        ]


class TestRefusals:
    GOOD = {"tz": "UTC", "weekly": {"mon": [["09:00", "17:00"]]}}
    BAD = (
        ([], "calendar: [] is not an object"),
        (None, "calendar: None is not an object"),
        ({"weekly": {}}, "tz: is missing"),
        ({"tz": "UTC"}, "weekly: is missing"),
        (GOOD | {"tz": "Mars/Base"}, "tz: 'Mars/Base' is not a known IANA time zone"),
        (GOOD | {"tz": "America"}, "tz: 'America'"),
        (GOOD | {"tz": "../etc/passwd"}, "tz: "),
        (GOOD | {"tz": ""}, "tz: "),
        (GOOD | {"tz": 5}, "tz: 5"),
        (GOOD | {"holiday": []}, "holiday: is not a field of a calendar"),
        (GOOD | {"weekly": [["09:00", "17:00"]]}, "weekly: "),
        (GOOD | {"weekly": {"monday": []}}, "weekly.monday: is not a day"),
        (GOOD | {"weekly": {"mon": "09:00-17:00"}}, "weekly.mon: '09:00-17:00' is not a list"),
        (GOOD | {"weekly": {"mon": None}}, "weekly.mon: None is not a list"),
        (GOOD | {"weekly": {"mon": ["09:00", "17:00"]}}, "weekly.mon[0]: '09:00' is not a list"),
        (GOOD | {"weekly": {"mon": [["09:00"]]}}, "weekly.mon[0]: "),
        (GOOD | {"weekly": {"mon": [["09:00", "12:00", "17:00"]]}}, "weekly.mon[0]: "),
        (GOOD | {"weekly": {"mon": [["09:00", "25:00"]]}}, "weekly.mon[0][1]: '25:00' is not a time"),
        (GOOD | {"weekly": {"mon": [["09:60", "17:00"]]}}, "weekly.mon[0][0]: '09:60'"),
        (GOOD | {"weekly": {"mon": [["09:00", "24:01"]]}}, "weekly.mon[0][1]: '24:01'"),
        (GOOD | {"weekly": {"mon": [["9 am", "17:00"]]}}, "weekly.mon[0][0]: '9 am'"),
        (GOOD | {"weekly": {"mon": [[9, 17]]}}, "weekly.mon[0][0]: 9 "),
        (GOOD | {"weekly": {"mon": [["24:00", "06:00"]]}}, "weekly.mon[0][0]: 24:00 can only close"),
        (GOOD | {"holidays": "2026-12-25"}, "holidays: "),
        (GOOD | {"holidays": ["2026-12-25", "2026-02-30"]}, "holidays[1]: '2026-02-30' is not a date"),
        (GOOD | {"holidays": ["02-30"]}, "holidays[0]: '02-30' is not a date"),
        (GOOD | {"holidays": ["25.12.2026"]}, "holidays[0]: "),
        (GOOD | {"holidays": [20261225]}, "holidays[0]: "),
        (GOOD | {"exceptions": ["2026-12-24"]}, "exceptions: "),
        (GOOD | {"exceptions": {"Christmas": []}}, "exceptions.Christmas: 'Christmas' is not a date"),
        (GOOD | {"exceptions": {"12-24": []}}, "exceptions.12-24: "),
        (GOOD | {"exceptions": {"2026-12-24": None}}, "exceptions.2026-12-24: None is not a list"),
        (GOOD | {"exceptions": {"2026-12-24": [["09:00", "noon"]]}}, "exceptions.2026-12-24[0][1]: 'noon'"),
    )

    @pytest.mark.parametrize(("data", "message"), BAD, ids=[message for _, message in BAD])
    def test_a_calendar_that_cannot_be_read_names_the_field(self, data, message):
        with pytest.raises(CalendarError) as refusal:
            Calendar.from_data(data)

        assert str(refusal.value).startswith(message)

    def test_an_instant_without_a_zone_is_refused(self):
        with pytest.raises(ValueError, match="has no time zone"):
            due(calendar(), datetime(2026, 6, 10, 9, 0), 60)

    @pytest.mark.parametrize("year", [1, 1899, 9999])
    def test_an_instant_of_another_age_is_refused(self, year):
        with pytest.raises(ValueError, match="outside the years"):
            is_open(calendar(), datetime(year, 6, 10, tzinfo=UTC))

    def test_a_negative_promise_is_refused(self):
        with pytest.raises(ValueError, match="negative"):
            due(calendar(), at("2026-06-10T09:00"), -1)


def test_no_time_is_worked_backwards():
    assert working_time(calendar(), new_york("2026-06-10T12:00"), new_york("2026-06-10T10:00")) == timedelta(
        0
    )


def test_days_that_are_not_named_are_closed():
    hours = Calendar.from_data({"tz": "UTC", "weekly": {"mon": [["09:00", "10:00"]]}})

    assert working_minutes(hours, at("2026-06-08T00:00"), at("2026-06-15T00:00")) == 60
    assert tuple(day for day, windows in zip(DAYS, hours.weekly, strict=True) if windows) == WORKDAYS[:1]
