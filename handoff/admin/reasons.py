"""Admins set the reasons for a no, and what follows, here."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest

from accounts.admin_kinds import NeverDeleted
from handoff.models import RejectReason
from leads.campaigns import campaign_names
from leads.forms import GROUPS, LABELS
from scoring.models import ModelVersion, Rule

NO_RULE = (
    "The scoring version in force has no rule for “score lowered by sales”, so these points change nothing yet. "
    "Add a rule on the activity score_lowered, the sum, each 1, with −1 point."
)


class ReasonForm(forms.ModelForm):
    """Campaigns and fields are chosen from those there are, by name."""

    campaign = forms.TypedChoiceField(
        required=False,
        coerce=int,
        empty_value=None,
        help_text="Back to nurture: the campaign that the lead enters.",
    )
    fix_fields = forms.MultipleChoiceField(
        label="Fields to put right",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Back to marketing: which fields marketing is asked to put right.",
    )

    class Meta:
        model = RejectReason
        fields = (
            *("digit", "label", "consequence", "needs_note", "active"),
            *("campaign", "after_days", "cool_down_days", "lower_by", "fix_fields"),
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        keys = [key for _, group in GROUPS for key in group]
        self.fields["fix_fields"].choices = [(key, LABELS.get(key, key)) for key in keys]  # type: ignore[attr-defined]
        self.fields["campaign"].choices = [("", "None"), *self._campaigns()]  # type: ignore[attr-defined]

    def _campaigns(self) -> list[tuple[int, str]]:
        """The one that is set stays on offer even when it has ended, or saving the rest would clear it."""
        known = campaign_names()
        found = [(c.id, c.name if c.running else f"{c.name} (not running)") for c in known.values()]
        kept = self.instance.campaign
        return found if not kept or kept in known else [*found, (kept, f"Campaign {kept} (has ended)")]

    def clean_campaign(self) -> int | None:
        chosen: int | None = self.cleaned_data["campaign"]
        if chosen and chosen not in campaign_names():
            raise forms.ValidationError("This campaign has ended, so nobody can enter it. Choose another.")
        return chosen


@admin.register(RejectReason)
class RejectReasonAdmin(NeverDeleted):
    form = ReasonForm
    list_display = (
        *("digit", "label", "consequence", "after_days", "cool_down_days", "lower_by"),
        *("needs_note", "active"),
    )
    list_display_links = ("label",)
    list_filter = ("active", "consequence")

    def save_model(self, request: HttpRequest, obj: RejectReason, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        version = ModelVersion.objects.published()
        rules = Rule.objects.filter(version=version, activity="score_lowered", enabled=True)
        if obj.lower_by and not rules.exists():
            messages.warning(request, NO_RULE)
