"""Admins write down here what marketing and sales agreed on."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from handoff.models import Agreement


@admin.register(Agreement)
class AgreementAdmin(admin.ModelAdmin):
    """One row: the list leads to it."""

    fieldsets = (
        ("Silence", {"fields": ("silence", "silence_minutes")}),
        (
            "What makes an SQL",
            {
                "fields": ("budget", "authority", "need", "timing"),
                "description": "An accepted lead is an SQL once all of this holds. Without any, accepting is enough.",
            },
        ),
    )

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        row, _ = Agreement.objects.get_or_create(pk=1)
        return HttpResponseRedirect(reverse("admin:handoff_agreement_change", args=[row.pk]))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
