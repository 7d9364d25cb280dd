"""Steps that reach people by other ways: a colleague, an ad, another system, a webinar."""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms

from nurturing import merging
from nurturing.content.markup import is_web_address
from nurturing.kinds import DAYS
from nurturing.kinds.outside import LONGEST_DAYS
from nurturing.step_forms.base import StepForm, amount_field, as_length, choosing, minutes_of, unit_field

CHANNELS = [("call", "A call"), ("write", "A personal mail"), ("other", "Something else")]


class TaskForm(StepForm):
    note = (
        "Whoever owns the lead finds it in the inbox. Working days are Monday to Friday, nine to five, in your "
        "company's zone; public holidays count as working days."
    )

    title = forms.CharField(label="What to do", max_length=120, required=False)
    channel = forms.ChoiceField(label="How", choices=CHANNELS)
    text = forms.CharField(
        label="Words to start from",
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="Merge fields such as {{ first_name | default: 'there' }} are filled in for each lead.",
    )
    days = forms.IntegerField(label="Due within working days", min_value=0, max_value=LONGEST_DAYS)
    wait = forms.BooleanField(label="Wait until it is settled", required=False)
    amount = amount_field("but at most")
    unit = unit_field()

    def showing(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        return {**settings, **as_length(settings.get("minutes"))}

    def clean(self) -> dict[str, Any]:
        self.need("title", "Say what is to be done.")
        for problem in merging.problems(self.cleaned_data.get("text") or "", self.around.own_fields):
            self.add_error("text", problem)
        self._minutes = minutes_of(self)
        if self.cleaned_data.get("wait") and not self._minutes:
            self.add_error("amount", "Say how long it waits at most.")
        return self.cleaned_data

    @property
    def settings(self) -> dict[str, Any]:
        kept = {key: self.cleaned_data[key] for key in ("title", "channel", "text", "days", "wait")}
        return kept | {"minutes": self._minutes}


class WebhookForm(StepForm):
    note = "The call is signed and tried again for three days. The lead goes on at once."

    endpoint = forms.ChoiceField(label="Endpoint", required=False)
    name = forms.CharField(label="What it is for", max_length=80, required=False)
    fields_sent = forms.MultipleChoiceField(
        label="Fields sent along", required=False, widget=forms.CheckboxSelectMultiple
    )

    def showing(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        return {**settings, "fields_sent": settings.get("fields") or []}

    def prepare(self, settings: Mapping[str, Any]) -> None:
        known = self.around.endpoints
        self.fields["endpoint"].choices = choosing("Choose an endpoint", known)  # type: ignore[attr-defined]
        self.fields["fields_sent"].choices = list(self.around.fields.items())  # type: ignore[attr-defined]
        if not known:
            self.fields["endpoint"].help_text = "There is none yet. Make one under Webhooks first."

    def clean(self) -> dict[str, Any]:
        self.need("endpoint", "Choose an endpoint.")
        return self.cleaned_data

    @property
    def settings(self) -> dict[str, Any]:
        values = self.cleaned_data
        return {
            "endpoint": int(values["endpoint"]),
            "name": values["name"].strip(),
            "fields": values["fields_sent"],
        }


class AudienceForm(StepForm):
    note = "Only those who agreed to advertising are ever exported, and only as hashes."

    do = forms.ChoiceField(label="What happens", choices=[("add", "Add them"), ("remove", "Take them off")])
    audience = forms.ChoiceField(label="Audience", required=False)

    def prepare(self, settings: Mapping[str, Any]) -> None:
        known = self.around.audiences
        self.fields["audience"].choices = choosing("Choose an audience", known)  # type: ignore[attr-defined]
        if not known:
            self.fields["audience"].help_text = "There is none yet. Make one under Ad audiences first."

    def clean(self) -> dict[str, Any]:
        self.need("audience", "Choose an audience.")
        return self.cleaned_data

    @property
    def settings(self) -> dict[str, Any]:
        return {"audience": int(self.cleaned_data["audience"]), "do": self.cleaned_data["do"]}


class WebinarForm(StepForm):
    note = "The mail carries a calendar file. In its text, {{ webinar_time }} is the time where the lead is."

    title = forms.CharField(label="Webinar", max_length=120, required=False)
    when = forms.ChoiceField(
        label="When", choices=[("once", "Once"), ("weekly", "Every week, in the lead's own time")]
    )
    at = forms.CharField(
        label="Date and time", max_length=40, required=False, help_text="As 2026-12-02 10:00."
    )
    zone = forms.CharField(label="Time zone", max_length=64, required=False, help_text="As Europe/Berlin.")
    day = forms.ChoiceField(label="Weekday", choices=list(enumerate(DAYS)), required=False)
    clock = forms.TimeField(label="Time of day", required=False)
    minutes = forms.IntegerField(label="Minutes", min_value=5, max_value=600)
    url = forms.CharField(label="Link to join", max_length=1000, required=False)

    def showing(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        weekly = settings.get("weekly")
        shown = {**settings, "when": "weekly" if weekly else "once"}
        if weekly:
            shown |= {
                "day": weekly["day"],
                "clock": f"{weekly['minute'] // 60:02}:{weekly['minute'] % 60:02}",
            }
        return shown | {"at": str(settings.get("at") or "").replace("T", " ")}

    def clean(self) -> dict[str, Any]:
        self.need("title", "Name the webinar.")
        if not is_web_address(self.cleaned_data.get("url") or ""):
            self.add_error("url", "The link must begin with https:// or http://.")
        self._when = self._weekly() if self.cleaned_data.get("when") == "weekly" else self._once()
        return self.cleaned_data

    @property
    def settings(self) -> dict[str, Any]:
        values = self.cleaned_data
        return {
            "title": values["title"],
            "minutes": values["minutes"],
            "url": values["url"].strip(),
            **self._when,
        }

    def _weekly(self) -> dict[str, Any]:
        clock = self.need("clock", "Say at what time.")
        minute = clock.hour * 60 + clock.minute if clock else 0
        return {"weekly": {"day": int(self.cleaned_data.get("day") or 0), "minute": minute}}

    def _once(self) -> dict[str, Any]:
        zone = (self.cleaned_data.get("zone") or "").strip()
        if zone not in zoneinfo.available_timezones():
            self.add_error("zone", "There is no such zone. Write it as Europe/Berlin.")
        try:
            at = datetime.fromisoformat((self.cleaned_data.get("at") or "").strip())
        except ValueError:
            self.add_error("at", "Write the date and the time, such as 2026-12-02 10:00.")
            return {}
        if at.tzinfo:
            self.add_error(
                "at", "Leave out what follows the time: the time zone beside it says where that is."
            )
        return {
            "at": at.replace(tzinfo=None, second=0, microsecond=0).isoformat(timespec="minutes"),
            "zone": zone,
        }
