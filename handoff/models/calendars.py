"""When a team works."""

from __future__ import annotations

import pghistory
from django.core.exceptions import ValidationError
from django.db import models

WORKING_WEEK = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")} | {
    "sat": [],
    "sun": [],
}


def working_week() -> dict[str, list[list[str]]]:
    return {day: [list(window) for window in windows] for day, windows in WORKING_WEEK.items()}


@pghistory.track()
class BusinessCalendar(models.Model):
    """When a team works: an IANA zone, weekly windows, holidays, exceptions. `version` rises with each change."""

    name = models.CharField(max_length=100, unique=True)
    tz = models.CharField("time zone", max_length=64, default="UTC")
    weekly = models.JSONField(default=working_week)
    holidays = models.JSONField(default=list, blank=True)
    exceptions = models.JSONField(default=dict, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    def __str__(self) -> str:
        return self.name

    def as_data(self) -> dict[str, object]:
        """The shape that handoff.calendars reads; also what a clock keeps as its snapshot."""
        return {
            "tz": self.tz,
            "weekly": self.weekly,
            "holidays": self.holidays,
            "exceptions": self.exceptions,
        }

    def clean(self) -> None:
        from handoff import calendars

        try:
            calendars.Calendar.from_data(self.as_data()).validate()
        except calendars.CalendarError as error:
            raise ValidationError(str(error)) from error
