"""The test bench of a calendar: type a start and minutes, see the walk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from handoff.calendars import Calendar, as_utc
from handoff.clock import database_now
from handoff.models import BusinessCalendar
from handoff.models.policies import MOST_MINUTES
from handoff.walk_chart import chart
from handoff.walks import Step, clock_changes, closed_days, walk


class BenchForm(forms.Form):
    start = forms.DateTimeField(
        help_text="As clocks in the calendar's zone read it.",
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"],
        widget=forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"}),
        error_messages={"invalid": "Give a date and a time, such as 2026-03-29 01:30."},
    )
    minutes = forms.IntegerField(label="Working minutes", min_value=0, max_value=MOST_MINUTES)


@dataclass(frozen=True)
class Line:
    """A step on the clocks of the zone."""

    opens: str
    closes: str
    taken: int  # minutes
    left: int


def page(admin: Any, request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(BusinessCalendar, pk=pk)
    if not admin.has_view_permission(request, row):
        raise PermissionDenied
    calendar = Calendar.from_data(row.as_data())
    now = database_now().astimezone(calendar.zone)
    form = BenchForm(_asked(request, now))
    context = {
        **admin.admin_site.each_context(request),
        "title": f"Test bench: {row.name}",
        "opts": admin.model._meta,
        "row": row,
        "form": form,
        "changes": [
            (_read(each.at, calendar.zone), each.by // timedelta(minutes=1))
            for each in clock_changes(calendar, now)
        ],
        "closed": [(first, last, _why(row, first)) for first, last in closed_days(calendar, now.date())],
        **(_answer(calendar, form) if form.is_valid() else {}),
    }
    return render(request, "admin/handoff/bench.html", context)


def _asked(request: HttpRequest, now: datetime) -> Any:
    """Without a question: the evening of today and half a working day, which already turns a corner."""
    return request.GET if "start" in request.GET else {"start": f"{now:%Y-%m-%dT16:30}", "minutes": "240"}


def _answer(calendar: Calendar, form: BenchForm) -> dict[str, Any]:
    wall = form.cleaned_data["start"].replace(tzinfo=None)
    try:
        as_utc(wall.replace(tzinfo=calendar.zone))
    except ValueError as error:
        form.add_error("start", str(error))
        return {}
    found = walk(calendar, calendar.instant(wall), form.cleaned_data["minutes"])
    zone = calendar.zone
    return {
        "walk": found,
        "chart": chart(found, zone),
        "start": found.start.astimezone(zone),
        "due": found.due.astimezone(zone) if found.due else None,
        "due_utc": found.due,
        "lines": [_line(step, zone) for step in found.steps],
    }


def _line(step: Step, zone: ZoneInfo) -> Line:
    taken, left = (int(each.total_seconds() // 60) for each in (step.taken, step.left))
    return Line(_read(step.opens, zone), _read(step.closes, zone), taken, left)


def _read(moment: datetime, zone: ZoneInfo) -> str:
    """With the zone's name of the season: an hour that clocks read twice is told apart by it."""
    return f"{moment.astimezone(zone):%a %-d %b %Y, %H:%M %Z}"


def _why(row: BusinessCalendar, day: Any) -> str:
    if day.isoformat() in row.exceptions:
        return "exception"
    return row.public_holidays.get(day.isoformat(), "listed as closed")
