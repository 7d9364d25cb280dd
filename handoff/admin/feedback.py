"""Admins decide here what reps are asked, in versions: what was in force once is only shown."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse

from handoff.errors import CannotPutInForce
from handoff.models import FeedbackForm, FeedbackQuestion
from handoff.services.feedback import draft_from, next_number, put_in_force


def _editable(form: FeedbackForm | None) -> bool:
    return form is None or form.is_draft


class QuestionInline(admin.TabularInline):
    model = FeedbackQuestion
    extra = 1
    fields = ("position", "text", "kind", "choices", "required")

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        return self.extra if _editable(obj) else 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_add_permission(request, obj) and _editable(obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and _editable(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and _editable(obj)


@admin.register(FeedbackForm)
class FeedbackFormAdmin(admin.ModelAdmin):
    list_display = ("occasion", "number", "state", "after_days")
    list_display_links = ("occasion", "number")
    list_filter = ("occasion", "state")
    fields = ("occasion", "number", "state", "after_days")
    inlines = (QuestionInline,)
    actions = ("draft_next", "put_in_force")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("number", "state", "occasion") if obj else ("number", "state")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and _editable(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and obj is not None and obj.is_draft

    def save_model(self, request: HttpRequest, obj: FeedbackForm, form: Any, change: bool) -> None:
        if not change:
            obj.number = next_number(obj.occasion)
        super().save_model(request, obj, form, change)

    @admin.action(description="Draft the next version from it", permissions=["add"])
    def draft_next(self, request: HttpRequest, rows: QuerySet[FeedbackForm]) -> Any:
        drafts = [draft_from(row) for row in rows]
        if len(drafts) == 1:
            return HttpResponseRedirect(reverse("admin:handoff_feedbackform_change", args=[drafts[0].pk]))
        messages.success(request, f"{len(drafts)} drafts made.")
        return None

    @admin.action(description="Put in force", permissions=["add"])
    def put_in_force(self, request: HttpRequest, rows: QuerySet[FeedbackForm]) -> None:
        for row in rows:
            try:
                put_in_force(row)
            except CannotPutInForce as error:
                messages.error(request, str(error))
            else:
                messages.success(
                    request, f"{row} is asked from now on. What was asked before keeps its version."
                )
