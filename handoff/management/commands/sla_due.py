"""When would a promise fall due? For scripts, and for trying a calendar out. Needs no database."""

import json
from argparse import ArgumentTypeError
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from handoff.calendars import Calendar, CalendarError, as_utc
from handoff.clockwork import due_with_events, events_from_data


class Command(BaseCommand):
    help = (
        "Print the UTC instant at which a promise of working minutes falls due, as YYYY-MM-DDTHH:MM:SSZ, "
        "or `never`. Fractions of a second are rounded up: never earlier than due. "
        "A clock left paused by its events never falls due."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--calendar", required=True, metavar="FILE.json")
        parser.add_argument(
            "--start",
            required=True,
            metavar="ISO",
            help="with Z or an offset; without, it is read in the calendar's zone",
        )
        parser.add_argument("--minutes", required=True, type=whole_minutes, metavar="N")
        parser.add_argument(
            "--events",
            metavar="FILE.json",
            help='a list of {"at": ISO, "type": "pause" | "resume" | "reassign", "calendar": {…}}',
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            moment = due_by(options["calendar"], options["start"], options["minutes"], options["events"])
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{whole_second(moment):%Y-%m-%dT%H:%M:%SZ}" if moment else "never")


def due_by(calendar_file: str, start: str, minutes: int, events_file: str | None) -> datetime | None:
    """Raises ValueError naming the option, and within a file the field, at fault."""
    calendar = Calendar.from_data(read_json("--calendar", calendar_file))

    def read_instant(text: str) -> datetime:
        return instant_of(calendar, text)

    data = read_json("--events", events_file) if events_file else []
    events = events_from_data(data, read_instant)
    try:
        begun = read_instant(start)
    except ValueError as error:
        raise CalendarError(f"--start: {error}") from error
    return due_with_events(calendar, begun, minutes, events)


def whole_second(moment: datetime) -> datetime:
    """The next one: what is printed is never earlier than what is due."""
    return moment + timedelta(microseconds=-moment.microsecond % 1_000_000)


def instant_of(calendar: Calendar, text: str) -> datetime:
    """An ISO instant; without an offset, the first time that clocks in the calendar's zone read it."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is not a date and time like 2026-06-12T16:30:00Z") from error
    if moment.utcoffset() is not None:
        return as_utc(moment)
    as_utc(moment.replace(tzinfo=calendar.zone))  # refuses the years that the zone's own sums could not hold
    return calendar.instant(moment)


def read_json(option: str, name: str) -> object:
    try:
        return json.loads(Path(name).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ValueError(f"{option}: {name} cannot be read: {error.strerror}") from error
    except ValueError as error:  # bad JSON, or bytes that are not UTF-8
        raise ValueError(f"{option}: {name} is not JSON: {error}") from error


def whole_minutes(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ArgumentTypeError(f"{text!r} is not a whole number of minutes, 0 or more")
    return int(text)
