"""Rows whose every change is a new version, and is shown with its effect before it is saved."""

from __future__ import annotations

import hashlib
import json
from abc import abstractmethod
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.http import HttpRequest

from handoff.services.policy_edits import Effect


class OnlyShown:
    """A form that keeps what was typed on the page without saving it."""

    def is_valid(self) -> bool:
        super().is_valid()  # type: ignore[misc]
        return False


class Versioned(admin.ModelAdmin):
    """Every change is a new version; clocks that run name the one they started with.

    The first press of Save shows what the edit would do, above the form as it was typed. The second saves: for new
    clocks, or for those that run as well. Whoever changes the form in between sees the new effect first.
    """

    readonly_fields = ("version",)
    change_form_template = "admin/handoff/previewed_form.html"
    harmless = ("name",)  # fields that no promise depends on

    @abstractmethod
    def effect(self, before: Any, after: Any) -> Effect: ...

    @abstractmethod
    def apply(self, obj: Any) -> int:
        """To running clocks; how many are due at another time now."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        edit = self._edit_of(request, object_id) if request.method == "POST" and object_id else None
        if edit is not None and request.POST.get("_seen") != (seen := _fingerprint(edit)):
            before = self.get_object(request, unquote(object_id or ""))
            request.only_shown = True  # type: ignore[attr-defined]
            effect = self.effect(before, edit.instance)
            extra_context = {**(extra_context or {}), "effect": effect, "seen": seen}
        return super().changeform_view(request, object_id, form_url, extra_context)

    def _edit_of(self, request: HttpRequest, object_id: str) -> Any:
        """The form as it was understood; None when it is wrong, or changes no promise."""
        row = self.get_object(request, unquote(object_id))
        if row is None or not self.has_change_permission(request, row):
            return None
        form = self.get_form(request, row, change=True)(request.POST, request.FILES, instance=row)
        meant = form.is_valid() and set(form.changed_data) - set(self.harmless)
        return form if meant else None

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        return type("ShownForm", (OnlyShown, form), {}) if getattr(request, "only_shown", False) else form

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change and form.changed_data:
            obj.version += 1
        super().save_model(request, obj, form, change)
        if change and "_apply" in request.POST:
            moved = self.apply(obj)
            messages.success(
                request, f"Applied to the clocks that run: {moved} of them are due at another time."
            )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _fingerprint(form: Any) -> str:
    """Of what was meant: another edit has another effect, the same one typed with other spaces has not."""
    meant = json.dumps(
        form.cleaned_data, sort_keys=True, default=lambda value: str(getattr(value, "pk", value))
    )
    return hashlib.sha256(meant.encode()).hexdigest()[:16]
