"""What people type about when and how often mails go out: of one campaign, and for all of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms

from nurturing import quiet
from nurturing.models import Campaign, SendingRules

DAYS = [(day, name) for day, name in enumerate(quiet.SHORT_DAYS)]
SENDING = ("holdout_percent", "priority", "starts_at", "ends_at", "send_days", "send_from", "send_until")


def clock() -> forms.TimeField:
    return forms.TimeField(required=False, widget=forms.TimeInput({"type": "time"}, format="%H:%M"))


def instant() -> forms.DateTimeField:
    widget = forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(required=False, widget=widget)


def weekdays(**values: Any) -> forms.TypedMultipleChoiceField:
    box = forms.CheckboxSelectMultiple
    return forms.TypedMultipleChoiceField(choices=DAYS, coerce=int, widget=box, **values)


class SendingForm(forms.ModelForm):
    """The part of a campaign's settings that the gates read. Whoever leaves something out keeps the usual."""

    starts_at, ends_at = instant(), instant()
    send_days = weekdays(required=False)
    send_from, send_until = clock(), clock()

    class Meta:
        model = Campaign
        fields = SENDING
        labels = {"priority": "Importance"}

    WORDS = {
        "starts_at": ("Starts", "Nobody enters and nothing is sent before. Empty: once it is published."),
        "ends_at": ("Ends", "From then on nothing is sent and everybody leaves. Empty: no end."),
        "send_days": ("Only on", "None or all of them: every day that the organisation allows."),
        "send_from": ("Only from", "On the lead's own clock, within the hours of the organisation."),
        "send_until": ("Only until", "Both empty: the organisation's hours alone."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["priority"].required = self.fields["holdout_percent"].required = False
        for name, (label, words) in self.WORDS.items():
            self.fields[name].label, self.fields[name].help_text = label, words

    def clean_priority(self) -> int:
        return self.cleaned_data["priority"] or self.instance.priority

    def clean_holdout_percent(self) -> int:
        share = self.cleaned_data["holdout_percent"]
        return self.instance.holdout_percent if share is None else share

    def clean_send_days(self) -> list[int]:
        return self.cleaned_data["send_days"] or list(quiet.EVERY_DAY)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        starts, ends = cleaned.get("starts_at"), cleaned.get("ends_at")
        if starts and ends and starts >= ends:
            self.add_error("ends_at", "The end comes before the start.")
        self._clean_hours(cleaned)
        return cleaned

    def _clean_hours(self, cleaned: dict[str, Any]) -> None:
        opens, closes, days = (cleaned.get(name) for name in ("send_from", "send_until", "send_days"))
        if days is not None and len(days) < len(quiet.EVERY_DAY) and opens is None and closes is None:
            opens = closes = datetime.min.time()  # the whole day
            cleaned |= {"send_from": opens, "send_until": closes}
        if (opens is None) != (closes is None):
            missing = "send_from" if opens is None else "send_until"
            self.add_error(missing, "Give both hours, or none.")
        elif opens is not None and closes is not None and days is not None:
            self._check_open(quiet.Hours(tuple(days), opens, closes))

    def _check_open(self, hours: quiet.Hours) -> None:
        if not _ever_open(hours):
            self.add_error("send_from", "The organisation's sending hours leave nothing of these hours.")


class RulesForm(forms.ModelForm):
    days = weekdays(help_text="Weekdays on the lead's own calendar. On the others nothing is sent.")

    class Meta:
        model = SendingRules
        fields = ("cap_day", "cap_week", "days", "opens", "closes", "patience_days")


def _ever_open(own: quiet.Hours) -> bool:
    rules = SendingRules.objects.first()
    every = [own, rules.hours] if rules else [own]
    return quiet.opens_next(every, datetime(2026, 1, 5, tzinfo=quiet.UTC), quiet.ZoneInfo("UTC")) is not None
