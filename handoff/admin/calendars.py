"""Admins set working hours here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin

from handoff.admin.versioned import Versioned
from handoff.models import BusinessCalendar

WEEKLY = (
    'Windows a day, such as {"mon": [["09:00", "12:00"], ["13:00", "17:00"]]}. A day left out is closed;'
    ' "24:00" and windows past midnight ["22:00", "06:00"] are fine.'
)
HOLIDAYS = 'Local dates, such as ["2026-12-25"], or every year as ["12-25"]. Only listed dates are closed.'
EXCEPTIONS = 'Dates with other hours, such as {"2026-12-24": [["09:00", "12:00"]]}. They win over holidays.'


@admin.register(BusinessCalendar)
class BusinessCalendarAdmin(Versioned):
    list_display = ("name", "tz", "version")

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        help_text = {"weekly": WEEKLY, "holidays": HOLIDAYS, "exceptions": EXCEPTIONS}.get(db_field.name)
        if field and help_text:
            field.help_text = help_text
        return field
