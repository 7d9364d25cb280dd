"""Steps that change something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from leads import values
from leads.fields import CHOICES
from leads.models import CustomField
from nurturing.kinds import MOST_POINTS
from nurturing.step_forms.base import StepForm, choosing


class FieldForm(StepForm):
    note = "As a machine would: what a person typed stays as it is."

    field = forms.ChoiceField(label="Field", required=False)
    value = forms.CharField(label="Becomes", max_length=500, required=False)

    def prepare(self, settings: Mapping[str, Any]) -> None:
        self.fields["field"].choices = choosing("Choose a field", self.around.fields)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        field = self.need("field", "Choose a field.")
        value = self.need("value", "Say what it becomes.")
        if field and value:
            self._check(field, value)
        return self.cleaned_data

    def _check(self, field: str, value: str) -> None:
        if field in CHOICES and value.strip().lower() not in CHOICES[field]:
            self.add_error("value", f"One of {', '.join(CHOICES[field])}.")
            return
        try:
            values.read(field, value, dict(CustomField.objects.values_list("key", "type")))
        except values.BadValue as refusal:
            self.add_error("value", str(refusal)[:300])


class PointsForm(StepForm):
    note = "Given at most once to a lead. The published scoring model says what such points are worth."

    points = forms.IntegerField(
        label="Points",
        min_value=-MOST_POINTS,
        max_value=MOST_POINTS,
        help_text="Below zero takes points away.",
    )
    words = forms.CharField(
        label="Reason",
        max_length=200,
        required=False,
        help_text="Shown on the lead's page beside the points.",
    )

    def clean_points(self) -> int:
        points = self.cleaned_data["points"]
        if not points:
            raise forms.ValidationError("Zero points change nothing.")
        return int(points)


class HandoffForm(StepForm):
    note = "Opens a sales cycle, as crossing the line does. Whoever is with sales already goes on."

    note_text = forms.CharField(
        label="Why, for the sales rep",
        max_length=200,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def showing(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        return {"note_text": settings.get("note", "")}

    @property
    def settings(self) -> dict[str, Any]:
        return {"note": self.cleaned_data["note_text"].strip()}


class StartForm(StepForm):
    note = "Whoever was in it before is left out. This campaign goes on beside it."

    campaign = forms.ChoiceField(label="Which campaign", required=False)

    def prepare(self, settings: Mapping[str, Any]) -> None:
        self.fields["campaign"].choices = choosing("Choose a campaign", self.around.campaigns)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        self.need("campaign", "Choose a campaign.")
        return self.cleaned_data

    @property
    def settings(self) -> dict[str, Any]:
        return {"campaign": int(self.cleaned_data["campaign"])}


class ExitForm(StepForm):
    note = "Whoever gets here leaves the campaign. Nothing else happens."

    @property
    def settings(self) -> dict[str, Any]:
        return {}
