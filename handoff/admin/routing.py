"""Admins set the rotation here."""

from __future__ import annotations

from django.contrib import admin

from handoff.models import RoundRobinSeat


@admin.register(RoundRobinSeat)
class RoundRobinSeatAdmin(admin.ModelAdmin):
    list_display = ("rep", "weight", "active", "credit")
    list_select_related = ("rep",)
    readonly_fields = ("credit",)
