"""How and when a version comes into force, as an admin types it."""

from __future__ import annotations

import zoneinfo
from typing import Any

from django import forms
from django.utils import timezone

from accounts.models import Organisation
from scoring.models import Publication
from scoring.models.publications import MOST_AN_HOUR

Mode = Publication.Mode
HELP = {
    Mode.FIRE: "Leads who cross the line become MQLs, at most so many an hour as you say.",
    Mode.SILENT: "Leads who cross only by this stay leads until they do something newer.",
    Mode.NEW_EVENTS: "Every score stays as it is until its lead does something.",
}


class PublicationForm(forms.Form):
    """Without a mode everybody is scored and handed on, as the button has always done."""

    mode = forms.ChoiceField(
        label="How leads follow", choices=Mode.choices, widget=forms.RadioSelect, required=False
    )
    per_hour = forms.IntegerField(
        label="MQLs an hour",
        min_value=1,
        max_value=MOST_AN_HOUR,
        required=False,
        help_text="The rest wait in the hold queue, the highest score first. Empty means no limit."
        " Critical signals of the last day pass at once.",
    )
    at = forms.DateTimeField(
        label="When",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = Organisation.current().time_zone
        self.fields["at"].help_text = f"In {self.zone}. Empty means now."

    def full_clean(self) -> None:
        with timezone.override(zoneinfo.ZoneInfo(self.zone)):
            super().full_clean()

    def clean_mode(self) -> str:
        return self.cleaned_data["mode"] or Mode.FIRE

    def clean(self) -> dict[str, Any]:
        """A pace is for those who are handed on."""
        data = super().clean() or self.cleaned_data
        if data.get("mode") != Mode.FIRE:
            data["per_hour"] = None
        return data
