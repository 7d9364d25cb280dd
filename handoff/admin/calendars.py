"""Admins set working hours here."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET

from handoff.admin import bench
from handoff.admin.versioned import Versioned
from handoff.models import BusinessCalendar, TeamHours
from handoff.promise_forms import CalendarForm
from handoff.services import policy_edits
from handoff.services.policy_edits import Effect

WEEKLY = (
    'Windows a day, such as {"mon": [["09:00", "12:00"], ["13:00", "17:00"]]}. A day left out is closed;'
    ' "24:00" and windows past midnight ["22:00", "06:00"] are fine.'
)
HOLIDAYS = 'Local dates, such as ["2026-12-25"], or every year as ["12-25"]. Only listed dates are closed.'
EXCEPTIONS = 'Dates with other hours, such as {"2026-12-24": [["09:00", "12:00"]]}. They win over holidays.'
REGION = "A code such as BY for Bavaria or CA for California; empty for the whole country."


@admin.register(BusinessCalendar)
class BusinessCalendarAdmin(Versioned):
    form = CalendarForm
    list_display = ("name", "tz", "holiday_country", "holiday_region", "version")
    readonly_fields = ("kept_holidays", "version")  # type: ignore[assignment]
    fieldsets = (
        (None, {"fields": ("name", "tz", "version")}),
        ("Hours", {"fields": ("weekly", "exceptions")}),
        ("Holidays", {"fields": (("holiday_country", "holiday_region"), "kept_holidays", "holidays")}),
    )

    change_form_template = "admin/handoff/calendar_form.html"

    def get_urls(self) -> list[URLPattern]:
        bench_page = self.admin_site.admin_view(require_GET(partial(bench.page, self)))
        return [path("<int:pk>/bench/", bench_page, name="handoff_calendar_bench"), *super().get_urls()]

    def effect(self, before: BusinessCalendar, after: BusinessCalendar) -> Effect:
        return policy_edits.of_calendar(before, after)

    def apply(self, obj: BusinessCalendar) -> int:
        return policy_edits.apply_calendar(obj)

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        texts = {"weekly": WEEKLY, "holidays": HOLIDAYS, "exceptions": EXCEPTIONS, "holiday_region": REGION}
        help_text = texts.get(db_field.name)
        if field and help_text:
            field.help_text = help_text
        return field

    @admin.display(description="Kept public holidays")
    def kept_holidays(self, calendar: BusinessCalendar) -> SafeString:
        if not calendar.public_holidays:
            return format_html("{}", "None. Choose a country and save.")
        items = format_html_join("", "<li>{}: {}</li>", sorted(calendar.public_holidays.items()))
        summary = f"{len(calendar.public_holidays)} dates until {max(calendar.public_holidays)}"
        return format_html("<details><summary>{}</summary><ul>{}</ul></details>", summary, items)


@admin.register(TeamHours)
class TeamHoursAdmin(admin.ModelAdmin):
    list_display = ("team", "calendar")
    list_select_related = ("team", "calendar")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("team",) if obj else ()
