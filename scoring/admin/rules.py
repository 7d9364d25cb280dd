"""Rules and groups of a draft; those of a published version are read here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.forms import Script
from django.http import HttpRequest
from django.utils.html import format_html

from scoring.admin.desk import RuleDesk
from scoring.admin.words import in_words
from scoring.forms import RuleForm
from scoring.models import ModelVersion, Rule, RuleGroup


class OnlyDrafts(admin.ModelAdmin):
    """Rows of a published version are read here, never changed."""

    def _draft(self, obj: Any) -> bool:
        return obj is None or obj.version.is_draft

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and self._draft(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and self._draft(obj)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "version":
            kwargs["queryset"] = ModelVersion.objects.filter(state=ModelVersion.State.DRAFT)
        if db_field.name == "group":
            kwargs["queryset"] = RuleGroup.objects.filter(version__state=ModelVersion.State.DRAFT)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


@admin.register(Rule)
class RuleAdmin(OnlyDrafts, RuleDesk):
    form = RuleForm
    change_form_template = "admin/scoring/rule/change_form.html"
    list_display = ("name", "version", "group", "in_words", "points", "enabled", "position")
    list_filter = ("version", "group__key", "subject", "effect", "enabled")
    list_select_related = ("version", "group")
    search_fields = ("name", "key")
    actions = ("switch_on", "switch_off")
    fieldsets = (
        (None, {"fields": ("version", "name", "key", "enabled")}),
        (
            "When",
            {
                "fields": (
                    "subject",
                    "activity",
                    "conditions",
                    ("aggregate", "distinct_by"),
                    ("n", "window_hours"),
                )
            },
        ),
        (
            "Then",
            {"fields": ("effect", ("points", "mode", "cap"), ("decay", "decay_days"), ("group", "position"))},
        ),
    )
    prepopulated_fields = {"key": ("name",)}

    class Media:
        js = (Script("js/rule-live.js", type="module"),)

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return {} if obj else self.prepopulated_fields

    @admin.display(description="In words")
    def in_words(self, rule: Rule) -> str:
        return format_html("{}", in_words(rule))

    @admin.action(description="Switch the chosen rules on", permissions=["change"])
    def switch_on(self, request: HttpRequest, queryset: Any) -> None:
        self._switch(request, queryset, True)

    @admin.action(description="Switch the chosen rules off", permissions=["change"])
    def switch_off(self, request: HttpRequest, queryset: Any) -> None:
        self._switch(request, queryset, False)

    def _switch(self, request: HttpRequest, queryset: Any, enabled: bool) -> None:
        done = queryset.filter(version__state=ModelVersion.State.DRAFT).update(enabled=enabled)
        left = queryset.count() - done
        words = f"{done} rules switched {'on' if enabled else 'off'}."
        messages.info(
            request, words + (f" {left} belong to a published version and stay as they are." if left else "")
        )
