"""The form of a watch: refuses, in words, what could never happen; everything typed stays in the form."""

from __future__ import annotations

from typing import Any

from django import forms

from leads.kinds import KINDS
from scoring.forms import INPUTS, ConditionsField
from scoring.models import Watch
from scoring.services import alerting

OF_ACTIONS = ("activity", "conditions", "aggregate", "distinct_by", "n", "window_hours")
OF_CROSSINGS = ("crossing", "points", "band")
NEEDS_POINTS = ("rises", "falls")


class WatchForm(forms.ModelForm):
    conditions = ConditionsField(
        required=False,
        help_text="All must hold. Several values are separated by commas. Clear a row to remove it.",
    )

    class Meta:
        model = Watch
        fields = (
            *("name", "enabled", "on", *OF_ACTIONS, *OF_CROSSINGS),
            *("least_score", "only_qualified", "only_owned", "cool_down_hours"),
        )
        widgets = {"activity": forms.TextInput(attrs={"list": "activity-kinds"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "activity" in self.fields:
            self.fields["activity"].help_text = f"One of {', '.join(KINDS)}, or custom:name."

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        if (
            cleaned["on"] == Watch.On.CROSSING
            and cleaned["crossing"] in NEEDS_POINTS
            and cleaned["points"] is None
        ):
            self.add_error("points", "Say how many points.")
            return cleaned
        for fault in alerting.faults_of(self.watch_with(cleaned)):
            field = INPUTS.get(fault.field, fault.field)
            self.add_error(field if field in self.fields else None, fault.message)
        return cleaned

    def watch_with(self, cleaned: dict[str, Any]) -> Watch:
        """The watch as it would be saved, so that a sentence can be read before it is."""
        known = {field.name for field in Watch._meta.concrete_fields} - {"id", "since"}
        return Watch(
            **{name: value for name, value in cleaned.items() if name in known and value is not None}
        )
