"""Versions: drafts are made, edited, looked through and published here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.forms import BaseInlineFormSet, Script
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from scoring.admin.publications import PublicationPages, standing
from scoring.admin.words import in_words
from scoring.models import Backtest, ModelVersion, Rule, RuleGroup
from scoring.services.versions import check, create_draft, create_usual
from scoring.versions import compared, version_before


class LabelledRows(BaseInlineFormSet):
    """Cells of a table of forms name themselves: their column's head is not tied to them."""

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        row = form.instance.name or "new group"
        for field in form.fields.values():
            field.widget.attrs["aria-label"] = f"{field.label}, {row}"


class GroupInline(admin.TabularInline):
    model = RuleGroup
    formset = LabelledRows
    extra = 0
    fields = ("key", "name", "axis", "minimum", "maximum", "position")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None or obj.is_draft

    has_add_permission = has_delete_permission = has_change_permission


@admin.register(ModelVersion)
class ModelVersionAdmin(PublicationPages):
    list_display = ("number", "state", "threshold", "note", "published_at", "published_by")
    list_filter = ("state",)
    inlines = (GroupInline,)
    change_form_template = "admin/scoring/modelversion/change_form.html"
    change_list_template = "admin/scoring/modelversion/change_list.html"
    fieldsets = (
        (None, {"fields": ("number", "state", "note")}),
        ("The line", {"fields": ("threshold", "fit_floor", "margin")}),
        (
            "Bands",
            {"fields": (("fit_a", "fit_b", "fit_c"), ("engagement_1", "engagement_2", "engagement_3"))},
        ),
    )
    readonly_fields = ("number", "state")

    class Media:
        js = (Script("js/rule-order.js", type="module"),)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # drafts are made from the version in force

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.is_draft)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and obj is not None and obj.is_draft

    def get_urls(self) -> list[URLPattern]:
        guard = self.admin_site.admin_view
        return [
            path("draft/", guard(require_POST(self.draft)), name="scoring_modelversion_draft"),
            path("<int:pk>/draft/", guard(require_POST(self.draft)), name="scoring_modelversion_draft_from"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        context = {"in_force": ModelVersion.objects.published()}
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> Any:
        version = get_object_or_404(ModelVersion, pk=object_id) if object_id.isdecimal() else None
        context = _about(version, request.user) if version else {}
        context |= {"proofs": Backtest.objects.proofs_of(version)[:5]} if version else {}
        return super().change_view(request, object_id, form_url, {**context, **(extra_context or {})})

    def draft(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        if not super().has_change_permission(request):
            raise PermissionDenied
        source = get_object_or_404(ModelVersion, pk=pk) if pk else None
        if source or ModelVersion.objects.published():
            made = create_draft(actor=request.user, source=source)
        else:
            made = create_usual(actor=request.user)
        messages.success(
            request, f"Draft {made.number} is ready. Nothing changes for anybody until it is published."
        )
        return HttpResponseRedirect(reverse("admin:scoring_modelversion_change", args=[made.pk]))


def _about(version: ModelVersion, user: Any) -> dict[str, Any]:
    other = version_before(version)
    return {
        "problems": check(version) if version.is_draft else [],
        "rows": _rule_rows(version),
        "other": other,
        "difference": compared(other, version),
        **standing(version, user),
    }


def _rule_rows(version: ModelVersion) -> list[tuple[Rule, str]]:
    return [(rule, in_words(rule)) for rule in version.rules.select_related("group", "version")]
