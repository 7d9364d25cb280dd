"""Admins set promises here. A clock that runs keeps what it started with."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from handoff import matching
from handoff.admin.versioned import Versioned
from handoff.models import SlaPolicy
from handoff.promise_forms import PolicyForm
from handoff.services import policy_edits
from handoff.services.policy_edits import Effect


@admin.register(SlaPolicy)
class SlaPolicyAdmin(Versioned):
    form = PolicyForm
    ordering = ("is_default", "position", "pk")
    list_display = (
        "name",
        "who_for",
        "position",
        "calendar",
        "hand_off_minutes",
        "accept_minutes",
        "first_touch_minutes",
        "disposition_minutes",
        "active",
        "version",
    )
    list_select_related = ("calendar",)
    fieldsets = (
        (None, {"fields": ("name", ("active", "is_default"), "version")}),
        ("For whom", {"fields": ("position", "conditions")}),
        (
            "Promises, in working minutes",
            {
                "fields": (
                    "hand_off_minutes",
                    "accept_minutes",
                    "first_touch_minutes",
                    "disposition_minutes",
                    "escalate_after",
                    "calendar",
                )
            },
        ),
    )

    def effect(self, before: SlaPolicy, after: SlaPolicy) -> Effect:
        return policy_edits.of_policy(before, after)

    def apply(self, obj: SlaPolicy) -> int:
        return policy_edits.apply_policy(obj)

    @admin.display(description="For")
    def who_for(self, policy: SlaPolicy) -> str:
        if policy.is_default:
            return "everybody else"
        return matching.sentence(policy.conditions) or "nobody until it has conditions"

    def save_model(self, request: HttpRequest, obj: SlaPolicy, form: Any, change: bool) -> None:
        if obj.is_default:
            SlaPolicy.objects.filter(is_default=True).exclude(pk=obj.pk).update(is_default=False)
        super().save_model(request, obj, form, change)
