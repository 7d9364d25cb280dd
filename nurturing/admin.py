"""Admin for how often, when and how fast mail may go, and a look at how fast it goes now."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils import timezone

from accounts.admin_kinds import OneRow, ReadOnly
from nurturing import metering, throttles
from nurturing.models import SendingRules, Throttle, ThrottleState
from nurturing.sending_forms import RulesForm
from nurturing.services import sending


@admin.register(Throttle)
class ThrottleAdmin(admin.ModelAdmin):
    """Without a row the usual limits hold; a row named * replaces them."""

    list_display = ("name", "kind", "per_minute", "per_hour", "connections")
    list_filter = ("kind",)
    search_fields = ("name",)
    fieldsets = ((None, {"fields": ("kind", "name", "per_minute", "per_hour", "connections")}),)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        usual, sender = throttles.DEFAULTS["domain"], throttles.DEFAULTS["sender"]
        subtitle = (
            f"Where no row says otherwise: to a domain {usual.per_minute:,} a minute, {usual.per_hour:,} an hour,"
            f" {usual.connections} at once; from a sender {sender.per_minute:,} a minute,"
            f" {sender.per_hour:,} an hour. What is over a limit waits, nothing is dropped."
        )
        return super().changelist_view(request, (extra_context or {}) | {"subtitle": subtitle})


@admin.register(ThrottleState)
class ThrottleStateAdmin(ReadOnly):
    """What goes on now, the slowed domains first."""

    list_display = ("name", "pace", "rests_until", "under_way", "answer", "at")
    search_fields = ("key",)
    ordering = ("-slow", "-at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ThrottleState]:
        live = Count("slots", filter=Q(slots__lease_until__gt=Now()))
        return super().get_queryset(request).annotate(live=live)

    @admin.display(description="Speed")
    def pace(self, state: ThrottleState) -> str:
        slow = metering.slowness(state.slow, state.slowed_at, timezone.now())
        return f"1/{2**slow} of the usual" if slow else "The usual"

    @admin.display(description="Left alone until")
    def rests_until(self, state: ThrottleState) -> Any:
        return state.closed_until if state.closed_until and state.closed_until > timezone.now() else None

    @admin.display(description="Under way")
    def under_way(self, state: Any) -> int:
        return int(state.live)


@admin.register(SendingRules)
class SendingRulesAdmin(OneRow):
    """Counts for every campaign at once; mails that the old rules held back are looked at again."""

    form = RulesForm
    list_display = ("__str__", "cap_day", "cap_week", "opens", "closes", "patience_days")
    fieldsets = (
        ("How often, all campaigns together", {"fields": ("cap_day", "cap_week", "patience_days")}),
        ("When", {"fields": ("days", ("opens", "closes"))}),
    )

    def save_model(self, request: HttpRequest, obj: SendingRules, form: Any, change: bool) -> None:
        sending.change_rules(obj)
