"""No mail while the clock on the reader's wall shows a quiet time: every zone, also on days of 23 and 25 hours."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import available_timezones

import pytest
from django.db import connection
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nurturing import quiet
from nurturing.quiet import Hours

SHOWS = """
SELECT nurturing_shows(at, zone, 'Europe/Oslo', %s::smallint[], %s::time, %s::time),
       CASE WHEN known THEN at AT TIME ZONE zone END
FROM unnest(%s::timestamptz[], %s::text[], %s::boolean[]) WITH ORDINALITY AS asked (at, zone, known, n) ORDER BY n
"""
ZONES = sorted(name for name in available_timezones() if quiet.NAME.fullmatch(name))
OFFICE = Hours((0, 1, 2, 3, 4), time(8), time(20))
NIGHT = Hours((4, 5), time(22), time(6))

times = st.times().map(lambda moment: moment.replace(second=0, microsecond=0))
hours = st.builds(Hours, st.sets(st.integers(0, 6), min_size=1).map(tuple), times, times)
instants = st.datetimes(datetime(2024, 1, 1), datetime(2032, 1, 1), timezones=st.just(UTC))


def changes(name: str) -> list[datetime]:
    """Each change of that zone's clocks in 2027."""
    zone, _ = quiet.zone_of(name, "UTC")
    weeks = [datetime(2027, 1, 1, tzinfo=UTC) + timedelta(weeks=n) for n in range(53)]
    moved = [
        week for week in weeks if quiet._offset(week, zone) != quiet._offset(week + timedelta(weeks=1), zone)
    ]
    days = {(week + timedelta(days=n)).astimezone(zone).date() for week in moved for n in range(8)}
    return [instant for day in sorted(days) for instant in quiet._changes(day, zone)]


def oslo(*when: int) -> datetime:
    return datetime(*when, tzinfo=quiet.zone_of("Europe/Oslo", "UTC")[0])


@given(st.lists(hours, max_size=2), instants, st.sampled_from(ZONES))
@settings(max_examples=60, deadline=None)
@example([Hours((6,), time(2, 30), time(2, 45))], datetime(2027, 3, 27, tzinfo=UTC), "Europe/Oslo")
@example(
    [Hours(quiet.EVERY_DAY, time(2, 30), time(2, 10))], datetime(2027, 10, 31, tzinfo=UTC), "Europe/Oslo"
)
def test_the_next_opening_is_open_and_nothing_before_it_was(every, at, name):
    zone, _ = quiet.zone_of(name, "UTC")

    opens = quiet.opens_next(every, at, zone)

    before = (at + timedelta(minutes=n) for n in range(0, 15 * 1440, 13))
    if opens is None:
        assert not any(quiet.open_at(every, instant, zone) for instant in before)
    else:
        assert quiet.open_at(every, opens, zone)
        assert not any(quiet.open_at(every, instant, zone) for instant in before if instant < opens)


@pytest.mark.django_db
@pytest.mark.parametrize("window", [OFFICE, NIGHT, Hours((6,), time(2, 30), time(3, 30)), Hours((0,))])
def test_the_database_and_we_read_the_same_clock_in_every_zone_around_every_change(window):
    steps = [timedelta(minutes=n) for n in (-90, -61, -31, -1, 0, 1, 29, 31, 59, 61, 90)]
    asked = [(at + step, name, True) for name in ZONES for at in changes(name) for step in steps]
    asked += [(datetime(2027, 1, 4, 7, tzinfo=UTC), name, True) for name in ZONES]
    asked += [
        (datetime(2027, 1, 4, 7, tzinfo=UTC), name, False) for name in ("Mars/Base", "CET-1", "half past", "")
    ]

    with connection.cursor() as cursor:
        cursor.execute(
            SHOWS, [list(window.days), window.opens, window.closes, *map(list, zip(*asked, strict=True))]
        )
        found = list(zip(asked, cursor.fetchall(), strict=True))

    differ, other_edition = [], set()
    for (at, name, known), (shows, shown) in found:
        local = at.astimezone(quiet.zone_of(name, "Europe/Oslo")[0])
        if known and shown != local.replace(tzinfo=None):
            other_edition.add(name)  # of the world's time zones: one of the two knows a newer law
        elif shows != window.shows(local):
            differ.append((at, name))
    assert differ == []
    assert len(other_edition) < len(ZONES) / 20


def test_an_hour_that_the_clocks_skip_opens_at_the_jump():
    window, night = Hours(quiet.EVERY_DAY, time(2, 30), time(9)), oslo(2027, 3, 28, 1)

    assert quiet.opens_next([window], night, night.tzinfo) == oslo(2027, 3, 28, 3)


def test_in_an_hour_that_comes_twice_the_wall_clock_rules_both_times():
    until_half_past = Hours(quiet.EVERY_DAY, time(1), time(2, 30))
    second = datetime(2027, 10, 31, 1, 10, tzinfo=UTC)  # 02:10 in Oslo, for the second time

    assert quiet.open_at([until_half_past], second, oslo(2027, 1, 1).tzinfo)
    assert not quiet.open_at([until_half_past], second - timedelta(minutes=30), oslo(2027, 1, 1).tzinfo)


def test_an_unknown_zone_counts_as_the_organisations():
    assert quiet.zone_of("half past nine", "Europe/Oslo")[0].key == "Europe/Oslo"
