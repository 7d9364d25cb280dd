"""Admins see what became of each mail and message, and say which hosts inside the house webhooks may reach."""

from __future__ import annotations

from django.contrib import admin

from accounts.admin_kinds import OneRow, ReadOnly
from handoff.models import Delivery, WebhookSettings


@admin.register(WebhookSettings)
class WebhookSettingsAdmin(OneRow):
    pass


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly):
    """Read only: a delivery is what happened."""

    list_display = ("notification", "channel", "state", "due_at", "attempts", "error")
    list_filter = ("state", "channel")
    list_select_related = ("notification",)
