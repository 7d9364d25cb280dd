"""Qualification cycles, to look at."""

from __future__ import annotations

from django.contrib import admin

from accounts.admin_kinds import ReadOnly
from scoring.models import QualificationCycle


@admin.register(QualificationCycle)
class QualificationCycleAdmin(ReadOnly):
    """To look at; cycles open and close by what happens to a lead."""

    list_display = ("lead", "n", "cause", "total", "band", "opened_at", "closed_at", "outcome")
    list_filter = ("outcome", "cause")
    list_select_related = ("lead",)
    raw_id_fields = ("lead",)
