"""Admins set the stages of the pipeline and the reasons for a loss here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from handoff.models import CloseReason, PipelineStage


@admin.register(PipelineStage)
class PipelineStageAdmin(admin.ModelAdmin):
    list_display = ("name", "kind", "order", "active")
    list_filter = ("kind", "active")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # switched off, never deleted: the history of deals keeps its stages


@admin.register(CloseReason)
class CloseReasonAdmin(admin.ModelAdmin):
    list_display = ("label", "order", "needs_note", "active")
    list_filter = ("active",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # switched off, never deleted: lost deals keep their reason
