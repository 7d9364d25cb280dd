"""Qualification cycles, to look at."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from scoring.models import QualificationCycle


@admin.register(QualificationCycle)
class QualificationCycleAdmin(admin.ModelAdmin):
    """To look at; cycles open and close by what happens to a lead."""

    list_display = ("lead", "n", "cause", "total", "band", "opened_at", "closed_at", "outcome")
    list_filter = ("outcome", "cause")
    list_select_related = ("lead",)
    raw_id_fields = ("lead",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
