"""The walk over intervals against somebody who looks at the wall clock every minute.

The watcher shares no code with the engine but the reading of calendars. She notes the latest time the local
clock has ever shown, which is how "the first time it reads" sounds minute by minute, and counts the minutes
at which that time lies in a window. Starts gather around the moments at which clocks change, in both directions.
"""

from datetime import UTC, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from handoff.calendars import (
    DAYS,
    Calendar,
    due,
    is_open,
    next_open,
    open_windows,
    working_minutes,
    working_time,
)
from handoff.clockwork import Pause, Reassign, Resume, due_with_events, worked

ZONES = (
    "America/New_York",
    "America/Havana",  # changes at midnight
    "America/Santiago",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Africa/Cairo",
    "Africa/Casablanca",  # goes back for Ramadan
    "Antarctica/Troll",  # two hours
    "Asia/Beirut",  # no midnight in spring
    "Asia/Gaza",
    "Asia/Kathmandu",  # never, at +05:45
    "Asia/Tehran",
    "Atlantic/Azores",
    "Australia/Lord_Howe",  # half an hour
    "Europe/Berlin",
    "Europe/London",
    "Pacific/Apia",  # left out a day in 2011
    "Pacific/Chatham",
    "UTC",
)
MINUTE = timedelta(minutes=1)
WATCH = 3 * 1440  # minutes; what is not due by then is not compared


@cache
def clock_changes(zone):
    """The days in whose course the offset changes, 2011 to 2026, or two plain ones."""
    days = [datetime(2011, 1, 1, tzinfo=UTC) + timedelta(days=n) for n in range(5840)]
    offsets = [day.astimezone(ZoneInfo(zone)).utcoffset() for day in days]
    changes = [day for day, (before, after) in zip(days, pairwise(offsets), strict=False) if before != after]
    return changes or [datetime(2024, 2, 28, tzinfo=UTC), datetime(2025, 12, 31, tzinfo=UTC)]


def clock_times(last):
    """Quarters of an hour, half of them at night, when clocks change."""
    return (st.integers(0, 16) | st.integers(0, last // 15)).map(lambda n: f"{n // 4:02}:{n % 4 * 15:02}")


def minutes_up_to(last):
    """Whole quarters too, so that promises fit windows exactly."""
    return st.integers(0, last) | st.integers(0, last // 15).map(lambda n: n * 15)


def lists_of_windows(size):
    return st.lists(st.tuples(clock_times(1439), clock_times(1440)).map(list), max_size=size)


@st.composite
def calendars(draw, zone, near):
    """Hours of a week, with a holiday and an exception somewhere around `near`."""
    dates = st.integers(-3, 4).map(lambda n: (near + timedelta(days=n)).date().isoformat())
    return Calendar.from_data(
        {
            "tz": zone,
            "weekly": {day: draw(lists_of_windows(3)) for day in DAYS},
            "holidays": draw(st.lists(dates, max_size=1)),
            "exceptions": draw(st.dictionaries(dates, lists_of_windows(2), max_size=1)),
        }
    )


@st.composite
def situations(draw):
    """A calendar and a start on a whole minute, from two days before the clocks change to a day after."""
    zone = draw(st.sampled_from(ZONES))
    change = draw(st.sampled_from(clock_changes(zone)))
    start = change + draw(minutes_up_to(4320)) * MINUTE - timedelta(days=2)
    return draw(calendars(zone, change)), start


@st.composite
def histories(draw):
    """Up to four events within the first two days after the start; one other team may take over."""
    hours, start = draw(situations())
    other = draw(calendars(draw(st.sampled_from(ZONES)), start))
    kinds = st.sampled_from((Pause, Resume, lambda moment: Reassign(moment, other)))
    moments = minutes_up_to(2 * 1440).map(lambda n: start + n * MINUTE)
    return (
        hours,
        start,
        [kind(moment) for kind, moment in draw(st.lists(st.tuples(kinds, moments), max_size=4))],
    )


class Watcher:
    def __init__(self, hours, since):
        self.hours = hours
        self.latest = datetime.min
        for early in range(240, 0, -1):  # clocks go back by less than four hours
            self.look(since - early * MINUTE)

    def look(self, moment):
        """Is the minute that begins at `moment` a working minute?"""
        self.latest = max(self.latest, moment.astimezone(self.hours.zone).replace(tzinfo=None))
        return any(self.in_window(self.latest - timedelta(days=back)) for back in (0, 1))

    def in_window(self, shown):
        """Does the day on which it was `shown` hold a window that is open at the latest time?"""
        passed = self.latest - datetime.combine(shown.date(), time.min)
        return any(opens <= passed < closes for opens, closes in self.hours.windows_on(shown.date()))


def watched_minutes(hours, start, length=WATCH):
    watcher = Watcher(hours, start)
    return (watcher.look(start + n * MINUTE) for n in range(length))


def due_by_watching(start, counts, minutes):
    """The end of the `minutes`-th counted minute, or None if that is not in sight."""
    for n, counted in enumerate(counts):
        if minutes == 0 and counted:
            return start + n * MINUTE
        minutes -= counted
        if minutes == 0 and counted:
            return start + (n + 1) * MINUTE
    return None


@settings(deadline=None, max_examples=60)
@given(situations(), minutes_up_to(2000))
def test_due_is_what_counting_minutes_says(situation, minutes):
    hours, start = situation

    expected = due_by_watching(start, watched_minutes(hours, start), minutes)

    found = due(hours, start, minutes)
    if expected is None:
        assert found is None or found >= start + WATCH * MINUTE
    else:
        assert found == expected


@settings(deadline=None, max_examples=50)
@given(situations(), st.integers(0, WATCH))
def test_working_time_is_what_counting_minutes_says(situation, length):
    hours, start = situation

    counts = list(watched_minutes(hours, start, length))

    assert working_minutes(hours, start, start + length * MINUTE) == sum(counts)
    assert all(is_open(hours, start + n * MINUTE) == counts[n] for n in range(0, length, 97))


@settings(deadline=None, max_examples=60)
@given(histories(), minutes_up_to(1500))
def test_clocks_with_a_history_are_what_counting_minutes_says(history, minutes):
    hours, start, events = history

    expected = due_by_watching(start, watched_history(hours, start, events), minutes)

    found = due_with_events(hours, start, minutes, events)
    if expected is not None:
        assert found == expected
        assert worked(hours, start, found, events) == minutes * MINUTE
    elif found is not None:
        assert found >= start + WATCH * MINUTE


def watched_history(hours, start, events):
    """Each minute is asked of the team that holds the clock, and counts for nothing while it is paused."""
    coming, paused, moved = sorted(events, key=lambda event: event.at), False, False
    other = next((event.calendar for event in coming if isinstance(event, Reassign)), hours)
    for n, counts in enumerate(
        zip(watched_minutes(hours, start), watched_minutes(other, start), strict=True)
    ):
        while coming and coming[0].at <= start + n * MINUTE:
            event = coming.pop(0)
            moved = moved or isinstance(event, Reassign)
            paused = paused if isinstance(event, Reassign) else isinstance(event, Pause)
        yield counts[moved] and not paused


@settings(deadline=None, max_examples=60)
@given(situations(), minutes_up_to(5000))
def test_the_promise_is_worked_off_exactly_at_the_due_instant(situation, minutes):
    hours, start = situation

    moment = due(hours, start, minutes)

    if moment is not None:
        assert working_minutes(hours, start, moment) == minutes


@settings(deadline=None, max_examples=60)
@given(situations(), minutes_up_to(2000), minutes_up_to(2000).filter(bool))
def test_a_promise_may_be_counted_in_two_goes(situation, first, second):
    hours, start = situation

    halfway = due(hours, start, first)

    whole = due(hours, start, first + second)
    assert whole == (halfway and due(hours, halfway, second))


@settings(deadline=None, max_examples=60)
@given(situations(), st.integers(0, 2880), st.integers(0, 2000), st.integers(0, 2000))
def test_a_later_start_or_a_longer_promise_is_never_due_earlier(situation, later, minutes, more):
    hours, start = situation

    moment = due(hours, start, minutes)

    if moment is not None:
        assert due(hours, start + later * MINUTE, minutes) >= moment
        assert due(hours, start, minutes + more) >= moment


@settings(deadline=None, max_examples=60)
@given(situations(), st.integers(0, 6000), st.integers(0, 6000))
def test_working_time_adds_up(situation, first, second):
    hours, start = situation
    middle = start + first * MINUTE
    end = middle + second * MINUTE

    assert working_time(hours, start, end) == working_time(hours, start, middle) + working_time(
        hours, middle, end
    )


@settings(deadline=None, max_examples=60)
@given(situations(), st.integers(0, 6000))
def test_open_stretches_are_apart_in_order_and_worth_the_working_time(situation, length):
    hours, start = situation
    end = start + length * MINUTE

    stretches = open_windows(hours, start, end)

    assert all(start <= opens < closes <= end for opens, closes in stretches)
    assert all(before[1] < after[0] for before, after in pairwise(stretches))
    assert sum((closes - opens for opens, closes in stretches), timedelta(0)) == working_time(
        hours, start, end
    )


@settings(deadline=None, max_examples=60)
@given(situations())
def test_the_next_opening_is_open_and_nothing_before_it_is(situation):
    hours, start = situation

    opening = next_open(hours, start)

    if opening is not None:
        assert is_open(hours, opening)
        assert working_time(hours, start, opening) == timedelta(0)
