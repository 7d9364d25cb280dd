"""Admins set the stages of the pipeline and the reasons for a loss here."""

from __future__ import annotations

from django.contrib import admin

from accounts.admin_kinds import NeverDeleted
from handoff.models import CloseReason, PipelineStage


@admin.register(PipelineStage)
class PipelineStageAdmin(NeverDeleted):
    list_display = ("name", "kind", "order", "active")
    list_filter = ("kind", "active")


@admin.register(CloseReason)
class CloseReasonAdmin(NeverDeleted):
    list_display = ("label", "order", "needs_note", "active")
    list_filter = ("active",)
