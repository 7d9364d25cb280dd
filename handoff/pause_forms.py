"""Why a promise waits, and until when."""

from __future__ import annotations

from django import forms

from handoff.models import ClockPause


class PauseForm(forms.Form):
    reason = forms.ChoiceField(
        label="Why",
        choices=ClockPause.Reason.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose why the promise waits."},
    )
    until = forms.DateTimeField(
        label="Until",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="Left empty, the clocks stand still until somebody resumes them.",
        error_messages={"invalid": "Write a date and a time, such as 2026-11-18 09:30, or leave it empty."},
    )
    note = forms.CharField(
        label="Note",
        required=False,
        max_length=ClockPause._meta.get_field("note").max_length,
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "What did you agree?"}),
    )
