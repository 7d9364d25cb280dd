"""Admins set promises here. A clock that runs keeps what it started with."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from handoff.admin.versioned import Versioned
from handoff.models import SlaPolicy


class PolicyForm(forms.ModelForm):
    """Exactly one policy is in force; choosing another takes the mark from the old one."""

    class Meta:
        model = SlaPolicy
        fields = (
            "name",
            "calendar",
            "hand_off_minutes",
            "accept_minutes",
            "first_touch_minutes",
            "is_default",
        )

    def clean_is_default(self) -> bool:
        chosen: bool = self.cleaned_data["is_default"]
        if not chosen and self.instance.pk and self.initial.get("is_default"):
            raise forms.ValidationError("One policy must be in force. Make another the default instead.")
        return chosen

    def _get_validation_exclusions(self) -> set[str]:
        """`save_model` moves the mark first, so two defaults never reach the table."""
        return {*super()._get_validation_exclusions(), "is_default"}  # type: ignore[misc]


@admin.register(SlaPolicy)
class SlaPolicyAdmin(Versioned):
    form = PolicyForm
    list_display = (
        "name",
        "calendar",
        "hand_off_minutes",
        "accept_minutes",
        "first_touch_minutes",
        "is_default",
        "version",
    )

    def save_model(self, request: HttpRequest, obj: SlaPolicy, form: Any, change: bool) -> None:
        if obj.is_default:
            SlaPolicy.objects.filter(is_default=True).exclude(pk=obj.pk).update(is_default=False)
        super().save_model(request, obj, form, change)
