"""When a team works."""

from __future__ import annotations

import pghistory
from django.core.exceptions import ValidationError
from django.db import models

from accounts.models import Team

WORKING_WEEK = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")} | {
    "sat": [],
    "sun": [],
}


def working_week() -> dict[str, list[list[str]]]:
    return {day: [list(window) for window in windows] for day, windows in WORKING_WEEK.items()}


@pghistory.track()
class BusinessCalendar(models.Model):
    """When a team works: an IANA zone, weekly windows, holidays, exceptions. `version` rises with each change.

    Public holidays are kept here by date, so that a newer list of them never moves a promise by itself.
    """

    name = models.CharField(max_length=100, unique=True)
    tz = models.CharField("time zone", max_length=64, default="UTC")
    weekly = models.JSONField(default=working_week)
    holiday_country = models.CharField("public holidays of", max_length=2, blank=True)
    holiday_region = models.CharField("region", max_length=10, blank=True)
    public_holidays = models.JSONField(default=dict, blank=True, editable=False, help_text="Name by date.")
    holidays = models.JSONField("other closed days", default=list, blank=True)
    exceptions = models.JSONField(default=dict, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    def __str__(self) -> str:
        return self.name

    def as_data(self) -> dict[str, object]:
        """The shape that handoff.calendars reads; also what a clock keeps as its snapshot."""
        closed = list(self.holidays) if isinstance(self.holidays, list) else self.holidays
        return {
            "tz": self.tz,
            "weekly": self.weekly,
            "holidays": [*closed, *sorted(self.public_holidays)] if isinstance(closed, list) else closed,
            "exceptions": self.exceptions,
        }

    def clean(self) -> None:
        from handoff import calendars
        from handoff.clock import database_now

        try:
            calendars.Calendar.from_data(self.as_data()).validate(database_now())
        except calendars.CalendarError as error:
            raise ValidationError(str(error)) from error


@pghistory.track()
class TeamHours(models.Model):
    """The calendar by which a team's promises run. A team without one works by the calendar of the policy."""

    team = models.OneToOneField(Team, models.CASCADE, related_name="hours")
    calendar = models.ForeignKey(BusinessCalendar, models.PROTECT, related_name="teams")

    class Meta:
        verbose_name = "team hours"
        verbose_name_plural = "team hours"

    def __str__(self) -> str:
        return f"{self.team}: {self.calendar}"
