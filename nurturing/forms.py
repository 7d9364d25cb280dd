"""What people type about campaigns, steps and segments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models.functions import Lower

from nurturing.models import Campaign
from nurturing.programmes import PROGRAMMES
from nurturing.sending_forms import SENDING, SendingForm


class CampaignForm(SendingForm):
    class Meta:
        model = Campaign
        fields = (
            "name",
            "segment",
            "topic",
            "goal",
            "cool_down_days",
            "doubt_policy",
            "late_policy",
            "late_hours",
            *SENDING,
        )
        labels = SendingForm.Meta.labels | {
            "cool_down_days": "Rest for recycled leads, in days",
            "doubt_policy": "When nobody knows whether a mail arrived",
            "late_policy": "When a mail is late",
            "late_hours": "A mail is late after, in hours",
        }
        help_texts = {
            "segment": "Who is taken in, as long as the campaign runs.",
            "topic": "What its mails are about. Whoever refused that topic gets none of them.",
            "goal": "Whoever reaches it leaves the campaign.",
            "doubt_policy": (
                "The line may break at the very moment a mail is handed over. Tandem waits for a report first."
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("doubt_policy", "late_policy", "late_hours"):
            self.fields[name].required = False  # whoever leaves it out keeps what is
        for name in ("doubt_policy", "late_policy", "late_hours", "priority", "holdout_percent", "send_days"):
            self.fields[name].has_usual = True  # type: ignore[attr-defined]

    def clean_doubt_policy(self) -> str:
        return self.cleaned_data["doubt_policy"] or self.instance.doubt_policy

    def clean_late_policy(self) -> str:
        return self.cleaned_data["late_policy"] or self.instance.late_policy

    def clean_late_hours(self) -> int:
        hours: int | None = self.cleaned_data["late_hours"]
        return self.instance.late_hours if hours is None else hours

    def clean_name(self) -> str:
        name = self.cleaned_data["name"].strip()
        return unused(name, Campaign.objects.exclude(pk=self.instance.pk), "campaign")


class NewCampaignForm(CampaignForm):
    start = forms.ChoiceField(
        label="Start from",
        choices=[("", "An empty campaign"), *((each.key, each.name) for each in PROGRAMMES.values())],
        widget=forms.RadioSelect,
        required=False,
        help_text="Steps with words that you can change. The links lead to pages of your own that you name.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["start"].has_usual = True  # type: ignore[attr-defined]


@dataclass
class Row:
    """One condition as typed."""

    field: str = ""
    op: str = "is"
    value: str = ""
    error: str = ""

    @property
    def blank(self) -> bool:
        return not self.field and not self.value.strip()


def unused(name: str, others: Any, what: str) -> str:
    if others.annotate(lower=Lower("name")).filter(lower=name.lower()).exists():
        raise forms.ValidationError(f"Another {what} has this name.")
    return name
