"""What to try, against what, and how it is judged."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string

from scoring.models import Backtest, ModelVersion


class BacktestForm(forms.ModelForm):
    """Without a version to compare with, the draft stands alone."""

    class Meta:
        model = Backtest
        fields = ("version", "against_version", "outcome", "maturity_days", "since", "capacity")
        widgets = {"since": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        version, against = self.fields["version"], self.fields["against_version"]
        for field in (version, against):
            field.queryset = ModelVersion.objects.order_by("-number")  # type: ignore[attr-defined]
            field.label_from_instance = _named  # type: ignore[attr-defined]
        version.required, version.empty_label = True, None  # type: ignore[attr-defined]
        version.label, against.label = "Definition to try", "Compared with"
        against.empty_label = "Nothing"  # type: ignore[attr-defined]
        self.fields["capacity"].help_text = "All reps together. 0 draws no limit."

    def clean_since(self) -> Any:
        since = self.cleaned_data.get("since")
        if since and since > timezone.localdate():
            raise forms.ValidationError(
                "This day is still to come. Choose one in the past, or leave it empty."
            )
        return since

    def clean(self) -> Any:
        data = super().clean() or {}
        if data.get("version") and data.get("version") == data.get("against_version"):
            self.add_error(
                "against_version", "Choose another version, or nothing: this one would meet itself."
            )
        return data


class LineForm(forms.Form):
    """A line that the backtest counted."""

    line = forms.IntegerField()

    def __init__(self, *args: Any, lines: range, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines = lines

    def clean_line(self) -> int:
        line: int = self.cleaned_data["line"]
        if line not in self.lines:
            raise forms.ValidationError(f"Choose a line from {self.lines[0]} to {self.lines[-1]}.")
        return line


def _named(version: ModelVersion) -> str:
    note = f", {version.note[:60]}" if version.note else ""
    return f"Version {version.number} ({version.get_state_display().lower()}{note})"


def suggested(asked: str = "") -> dict[str, Any]:
    """The newest draft against the version in force, and what the reps may be offered a day."""
    versions = ModelVersion.objects.order_by("-number")
    named = versions.filter(pk=int(asked)).first() if asked.isdecimal() and len(asked) < 10 else None
    version = named or versions.filter(state="draft").first() or versions.first()
    against = ModelVersion.objects.published()
    return {
        "version": version,
        "against_version": None if against == version else against,
        "capacity": import_string(settings.SALES_CAPACITY)(),
    }
