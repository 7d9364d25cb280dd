"""Admins set the reasons for a no, and what follows, here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from handoff.models import RejectReason


@admin.register(RejectReason)
class RejectReasonAdmin(admin.ModelAdmin):
    list_display = ("digit", "label", "consequence", "needs_note", "active")
    list_display_links = ("label",)
    list_filter = ("active", "consequence")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # switched off, never deleted: past rejections keep their reason
