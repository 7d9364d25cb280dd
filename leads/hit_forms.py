"""What people ask of the quarantine, and the rules they write about visitors."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet

from leads.machines.rules import DOMAIN, NETWORK, BadPattern, clean
from leads.machines.seen import FOR_PEOPLE, WORDS
from leads.models import Hit, HitRule

REASONS = [
    ("", "Any reason"),
    *sorted(((k, w) for k, w in WORDS.items() if k not in FOR_PEOPLE), key=lambda p: p[1]),
]
SIDES = [("people", "People: what they do counts"), ("machines", "Machines: kept, and not scored")]


class HitFilters(forms.Form):
    """As they stand in the address of the page. Wrong ones are named and left out."""

    reason = forms.ChoiceField(required=False, choices=REASONS)
    kind = forms.ChoiceField(
        required=False, label="What it did", choices=[("", "Anything"), *Hit.Kind.choices]
    )
    agent = forms.CharField(
        required=False, max_length=200, label="Program", help_text="A part of what it calls itself."
    )
    network = forms.CharField(
        required=False, max_length=50, help_text="Such as 203.0.113.7 or 203.0.113.0/24."
    )
    campaign = forms.CharField(required=False, max_length=200, help_text="Its name, or a part.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", "filter_%s")
        super().__init__(*args, **kwargs)

    def clean_network(self) -> str:
        text = self.cleaned_data["network"]
        return _clean(NETWORK, text) if text else ""

    def applied_to(self, hits: QuerySet[Hit]) -> QuerySet[Hit]:
        self.is_valid()
        said = {name: value for name, value in self.cleaned_data.items() if value}
        asked = {
            "reason": lambda value: Q(reasons__contains=[value]), "kind": lambda value: Q(kind=value),
            "agent": lambda value: Q(agent__icontains=value), "network": lambda value: Q(address__within=value),
            "campaign": lambda value: Q(campaign__icontains=value),
        }  # fmt: skip
        for name, value in said.items():
            hits = hits.filter(asked[name](value))
        return hits

    @property
    def chosen(self) -> dict[str, str]:
        """What is set, in words, by name."""
        self.is_valid()
        said = {name: str(value) for name, value in self.cleaned_data.items() if value}
        words = {"reason": dict(REASONS), "kind": dict(Hit.Kind.choices)}
        return {name: words.get(name, {}).get(value, value) for name, value in said.items()}


class RuleForm(forms.Form):
    """A rule for a network, a program or the domain of recipients."""

    kind = forms.ChoiceField(label="It is about", choices=HitRule.Kind.choices)
    pattern = forms.CharField(
        max_length=200,
        label="Which one",
        help_text="A range such as 203.0.113.0/24, a part of a program's name, or a domain such as buyer.example.",
    )
    who = forms.ChoiceField(label="Who they are", choices=SIDES, widget=forms.RadioSelect, initial="people")
    seconds = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=86_400,
        label="Seconds its gateway takes",
        help_text="Of a domain alone: whatever is sooner than this after the mail was sent is the gateway's.",
    )
    note = forms.CharField(required=False, max_length=200, help_text="How you know, for your colleagues.")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("kind") and data.get("pattern"):
            try:
                data["pattern"] = clean(data["kind"], data["pattern"])
            except BadPattern as error:
                self.add_error("pattern", str(error))
        if data.get("kind") == DOMAIN and not data.get("seconds"):
            self.add_error("seconds", "Say how many seconds, for that is all a rule about a domain says.")
        return data


class HitRuleForm(forms.ModelForm):
    """For the administration, which offers the same rows."""

    class Meta:
        model = HitRule
        fields = ("kind", "pattern", "people", "seconds", "note")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("kind") and data.get("pattern"):
            try:
                data["pattern"] = clean(data["kind"], data["pattern"])
            except BadPattern as error:
                self.add_error("pattern", str(error))
        return data


def _clean(kind: str, text: str) -> str:
    try:
        return clean(kind, text)
    except BadPattern as error:
        raise ValidationError(str(error)) from error
