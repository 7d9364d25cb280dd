"""With whom, and for when, a rule is tried."""

from __future__ import annotations

from typing import Any

from django import forms

from leads.models import Lead
from leads.services.merges import holder
from scoring.rows import database_now


class TrialForm(forms.Form):
    """Beside the rule's own form, so its names begin with an underscore of their own."""

    try_lead = forms.CharField(label="Lead", max_length=254, help_text="E-mail address or number.")
    try_at = forms.DateTimeField(
        label="On",
        required=False,
        help_text="Empty means now.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    def __init__(self, *args: Any, user: Any = None, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_try_lead(self) -> Lead:
        text = self.cleaned_data["try_lead"].strip()
        leads = Lead.objects.visible_to(self.user)
        number = int(text) if text.isdecimal() and len(text) < 19 else None
        found = leads.filter(pk=number).first() if number else leads.filter(email__iexact=text).first()
        if found is None:
            raise forms.ValidationError("No lead has this e-mail address or number.")
        return holder(found)

    def clean_try_at(self) -> Any:
        return self.cleaned_data["try_at"] or database_now()
