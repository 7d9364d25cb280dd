"""Windows of the day in anybody's zone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nurturing.hours import Window, next_within, read, within, working_days_after, zone_of

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "America/St_Johns",
]
minutes = st.integers(0, 1439)
windows = st.builds(
    Window, st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days))), minutes, minutes
).filter(lambda window: window.opens != window.closes)
instants = st.integers(0, 20 * 365 * 24 * 60).map(
    lambda n: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=n)
)


@settings(max_examples=300, deadline=None)
@given(windows, instants, st.sampled_from(ZONES))
def test_the_next_moment_is_inside_and_none_before_it_is(window: Window, at: datetime, zone: str) -> None:
    there = ZoneInfo(zone)

    found = next_within(window, at, there)

    assert found >= at
    assert within(window, found, there)
    if found > at:
        assert not within(window, at, there)
        assert not within(window, found - timedelta(minutes=1), there) or found - timedelta(minutes=1) < at


@pytest.mark.parametrize(
    ("at", "opens", "expected"),
    [
        ("2026-03-29T00:00+00:00", 150, "2026-03-29T01:00+00:00"),  # 02:30 does not exist: it opens at 03:00
        ("2026-10-25T00:00+00:00", 150, "2026-10-25T00:30+00:00"),  # 02:30 comes twice: the first counts
        ("2026-06-01T00:00+00:00", 150, "2026-06-01T00:30+00:00"),
    ],
)
def test_the_hour_that_the_clocks_skip_or_repeat(at: str, opens: int, expected: str) -> None:
    window = Window(opens=opens, closes=240)

    assert next_within(
        window, datetime.fromisoformat(at), ZoneInfo("Europe/Berlin")
    ) == datetime.fromisoformat(expected)


def test_a_window_past_midnight_belongs_to_the_day_it_opens() -> None:
    friday_night = Window(days=(4,), opens=22 * 60, closes=6 * 60)

    assert within(
        friday_night, datetime(2026, 11, 28, 5, tzinfo=UTC), ZoneInfo("UTC")
    )  # Saturday, five in the morning
    assert not within(friday_night, datetime(2026, 11, 28, 6, tzinfo=UTC), ZoneInfo("UTC"))


@pytest.mark.parametrize(
    "written",
    [
        None,
        {},
        {"days": []},
        {"days": [9]},
        {"days": [1], "opens": "x"},
        {"days": [1], "opens": 5, "closes": 5},
    ],
)
def test_what_is_no_window_is_none(written: object) -> None:
    assert read(written) is None


def test_a_zone_nobody_knows_gives_the_other_one() -> None:
    assert zone_of("Mars/Base", "Europe/Oslo").key == "Europe/Oslo"
    assert zone_of("../../etc/passwd").key == "UTC"


@pytest.mark.parametrize(
    ("at", "days", "expected"),
    [
        ("2026-11-20T14:00+00:00", 1, "2026-11-23T14:00+00:00"),  # Friday to Monday
        ("2026-11-21T10:00+00:00", 0, "2026-11-23T09:00+00:00"),  # on a Saturday it begins on Monday
        ("2026-11-20T20:00+00:00", 2, "2026-11-25T09:00+00:00"),
    ],
)
def test_working_days_skip_the_weekend(at: str, days: int, expected: str) -> None:
    office = Window(days=(0, 1, 2, 3, 4), opens=540, closes=1020)

    due = working_days_after(datetime.fromisoformat(at), days, ZoneInfo("UTC"), office)

    assert due == datetime.fromisoformat(expected)
