"""Admins set hours, promises, reasons and the rotation here. A clock that runs keeps what it started with."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from handoff.models import BusinessCalendar, RejectReason, RoundRobinSeat, SlaPolicy

WEEKLY = (
    'Windows a day, such as {"mon": [["09:00", "12:00"], ["13:00", "17:00"]]}. A day left out is closed;'
    ' "24:00" and windows past midnight ["22:00", "06:00"] are fine.'
)
HOLIDAYS = 'Local dates, such as ["2026-12-25"], or every year as ["12-25"]. Only listed dates are closed.'
EXCEPTIONS = 'Dates with other hours, such as {"2026-12-24": [["09:00", "12:00"]]}. They win over holidays.'


class Versioned(admin.ModelAdmin):
    """Every change is a new version; clocks that run name the one they started with."""

    readonly_fields = ("version",)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change and form.changed_data:
            obj.version += 1
        super().save_model(request, obj, form, change)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(BusinessCalendar)
class BusinessCalendarAdmin(Versioned):
    list_display = ("name", "tz", "version")

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        help_text = {"weekly": WEEKLY, "holidays": HOLIDAYS, "exceptions": EXCEPTIONS}.get(db_field.name)
        if field and help_text:
            field.help_text = help_text
        return field


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


@admin.register(RejectReason)
class RejectReasonAdmin(admin.ModelAdmin):
    list_display = ("digit", "label", "consequence", "needs_note", "active")
    list_display_links = ("label",)
    list_filter = ("active", "consequence")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # switched off, never deleted: past rejections keep their reason


@admin.register(RoundRobinSeat)
class RoundRobinSeatAdmin(admin.ModelAdmin):
    list_display = ("rep", "weight", "active", "credit")
    list_select_related = ("rep",)
    readonly_fields = ("credit",)
