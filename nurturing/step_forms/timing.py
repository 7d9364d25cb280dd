"""Waits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Any

from django import forms

from nurturing import hours
from nurturing.kinds import DAYS
from nurturing.step_forms.base import StepForm, amount_field, as_length, choosing, minutes_of, unit_field
from nurturing.step_forms.deeds import DeedForm

WEEKDAYS = ["0", "1", "2", "3", "4"]


def _clock() -> forms.TimeInput:
    return forms.TimeInput(attrs={"type": "time"}, format="%H:%M")


class WaitForm(StepForm):
    template = "nurturing/steps/_wait.html"

    how = forms.ChoiceField(
        label="Wait",
        choices=[("time", "For some time"), ("date", "Until a date of the lead")],
        widget=forms.RadioSelect,
        required=False,
    )
    amount = amount_field("Wait for")
    unit = unit_field()
    only = forms.BooleanField(
        label="Then until certain hours", required=False, help_text="In the lead's own time zone."
    )
    days = forms.MultipleChoiceField(
        label="On",
        choices=[(str(n), day) for n, day in enumerate(DAYS)],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    opens = forms.TimeField(label="From", widget=_clock(), required=False)
    closes = forms.TimeField(label="To", widget=_clock(), required=False)
    date = forms.ChoiceField(
        label="Which date", required=False, help_text="Whoever has no such date goes on at once."
    )
    days_before = forms.IntegerField(label="Days before it", min_value=0, max_value=366, required=False)

    def prepare(self, settings: Mapping[str, Any]) -> None:
        self.fields["date"].choices = choosing("Choose a date", self.around.dates)  # type: ignore[attr-defined]

    def showing(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        window, before = settings.get("window"), settings.get("before") or {}
        known = hours.read(window) or hours.Window((0, 1, 2, 3, 4), 480, 1020)
        return as_length(settings.get("minutes")) | {
            "how": "date" if before else "time",
            "only": bool(window),
            "days": [str(day) for day in known.days],
            "opens": _time(known.opens),
            "closes": _time(known.closes),
            "date": before.get("field"),
            "days_before": before.get("days", 7),
        }

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("how") == "date":
            self.need("date", "Choose a date. Dates are own fields of leads, made by an admin.")
            return self.cleaned_data
        minutes = minutes_of(self)
        if self.cleaned_data.get("only"):
            self._check_window()
        elif not minutes and "amount" not in self.errors:
            self.add_error("amount", "Wait for at least one minute, or until certain hours.")
        return self.cleaned_data

    @property
    def settings(self) -> dict[str, Any]:
        values = self.cleaned_data
        if values.get("how") == "date":
            return {"before": {"field": values["date"], "days": values.get("days_before") or 0}}
        minutes = minutes_of(self)
        return ({"minutes": minutes} if minutes else {}) | (
            {"window": self._window()} if values["only"] else {}
        )

    def _window(self) -> dict[str, Any]:
        values = self.cleaned_data
        days = sorted(int(day) for day in values.get("days") or [])
        return {
            "days": days,
            "opens": _minutes(values.get("opens")),
            "closes": _minutes(values.get("closes")) or hours.DAY,
        }

    def _check_window(self) -> None:
        self.need("days", "Choose at least one day.")
        for name in ("opens", "closes"):
            self.need(name, "Say an hour, such as 08:00.")
        if not self.errors and hours.read(self._window()) is None:
            self.add_error("closes", "These hours never open.")


class EventForm(DeedForm):
    template = "nurturing/steps/_event.html"
    note = "Whoever does it goes on at once. Mail scanners and picture proxies do not count."

    amount = amount_field("Wait at most")
    unit = unit_field()

    def showing(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        return super().showing(settings) | as_length(settings.get("minutes"))

    def clean(self) -> dict[str, Any]:
        self._event = self.deed()
        if not minutes_of(self) and "amount" not in self.errors:
            self.add_error("amount", "Say how long to wait for it.")
        return self.cleaned_data

    @property
    def settings(self) -> dict[str, Any]:
        return {"event": self._event, "minutes": minutes_of(self)}


def _time(minutes: int) -> time:
    return time(minutes // 60 % 24, minutes % 60)


def _minutes(at: time | None) -> int:
    return at.hour * 60 + at.minute if at else 0
