"""`sla_due`: scripts read its one line, so nothing else may be on it. It touches no database."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests.handoff.calendar_samples import WORKDAYS

NEW_YORK = {"tz": "America/New_York", "weekly": {day: [["09:00", "17:00"]] for day in WORKDAYS}}
BERLIN = NEW_YORK | {"tz": "Europe/Berlin"}
FRIDAY = "2026-06-12T16:30:00-04:00"


@pytest.fixture
def sla_due(tmp_path):
    """Call the command with data or raw text for its files, and return what it prints."""

    def file_of(name, content):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return str(path)

    def call(data=NEW_YORK, start=FRIDAY, minutes=60, events=None):
        out, files = StringIO(), ["--calendar", file_of("calendar.json", data)]
        if events is not None:
            files += ["--events", file_of("events.json", events)]
        call_command("sla_due", *files, "--start", start, "--minutes", str(minutes), stdout=out)
        return out.getvalue()

    return call


def test_it_prints_the_due_instant_in_utc_and_nothing_else(sla_due):
    assert sla_due() == "2026-06-15T13:30:00Z\n"


@pytest.mark.parametrize("start", ["2026-06-12T20:30:00Z", "2026-06-12T22:30+02:00", "2026-06-12T16:30"])
def test_the_start_may_be_utc_or_have_an_offset_or_be_local_to_the_calendar(sla_due, start):
    assert sla_due(start=start) == "2026-06-15T13:30:00Z\n"


def test_a_fraction_of_a_second_is_rounded_up_so_that_nothing_is_due_early(sla_due):
    assert sla_due(start="2026-06-12T11:00:00.5-04:00", minutes=1) == "2026-06-12T15:01:01Z\n"
    assert sla_due(start="2026-06-12T11:00:00.000001-04:00", minutes=1) == "2026-06-12T15:01:01Z\n"


def test_a_calendar_that_never_opens_prints_never(sla_due):
    assert sla_due({"tz": "UTC", "weekly": {}}) == "never\n"


def test_a_clock_paused_and_moved_is_followed(sla_due):
    events = [
        {"at": "2026-06-12T16:45:00-04:00", "type": "pause"},
        {"at": "2026-06-15T10:00", "type": "resume"},
        {"at": "2026-06-15T14:15:00Z", "type": "reassign", "calendar": BERLIN},
    ]

    assert sla_due(events=events) == "2026-06-15T14:45:00Z\n"
    assert sla_due(events=events[:1]) == "never\n"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"data": NEW_YORK | {"tz": "Mars/Base"}}, "tz: 'Mars/Base' is not a known IANA time zone"),
        ({"data": NEW_YORK | {"weekly": {"mon": [["09:00", "25:00"]]}}}, "weekly.mon[0][1]: '25:00'"),
        ({"data": "{not json"}, "--calendar: "),
        ({"data": "[]"}, "calendar: [] is not an object"),
        ({"start": "Friday"}, "--start: 'Friday' is not a date and time"),
        ({"start": "9999-12-31T23:59"}, "--start: 9999-12-31T23:59:00"),
        ({"minutes": -1}, "Error: argument --minutes"),
        ({"minutes": "1.5"}, "Error: argument --minutes"),
        ({"events": {}}, "events: not a list"),
        ({"events": ["pause"]}, "events[0]: 'pause' is not an object"),
        ({"events": [{"type": "pause"}]}, "events[0].at: "),
        ({"events": [{"at": FRIDAY, "type": "stop"}]}, "events[0].type: 'stop' is not pause"),
        ({"events": [{"at": FRIDAY, "type": "reassign"}]}, "events[0].calendar: "),
        (
            {"events": [{"at": FRIDAY, "type": "reassign", "calendar": {"tz": "UTC"}}]},
            "events[0].calendar: weekly: is missing",
        ),
    ],
)
def test_bad_input_is_refused_by_name(sla_due, wrong, message):
    with pytest.raises(CommandError) as refusal:
        sla_due(**wrong)

    assert str(refusal.value).startswith(message)


def test_a_file_that_is_not_there_is_named(tmp_path):
    missing = str(tmp_path / "missing.json")

    with pytest.raises(CommandError, match=r"^--calendar: .*missing\.json cannot be read"):
        call_command("sla_due", "--calendar", missing, "--start", FRIDAY, "--minutes", "60")
