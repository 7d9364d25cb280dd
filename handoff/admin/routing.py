"""Admins set the rotation here: seats, hours of teams, absences; and read why a lead went where it went."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.admin_kinds import ReadOnly
from accounts.models import User
from handoff.decisions import EVERYBODY, members
from handoff.models import Absence, RoundRobinSeat, RoutingDecision
from handoff.services.routing import credits
from handoff.services.seats import people_ever


@admin.register(RoundRobinSeat)
class RoundRobinSeatAdmin(admin.ModelAdmin):
    list_display = ("rep", "weight", "active", "max_open", "max_today", "calendar", "owed")
    list_select_related = ("rep", "calendar")
    fields = ("rep", "weight", "active", "max_open", "max_today", "calendar")

    def get_queryset(self, request: HttpRequest) -> Any:
        self.in_pool = members(EVERYBODY, [each.seat for each in people_ever()])
        self.credits = credits().get(EVERYBODY, {})
        return super().get_queryset(request)

    @admin.display(description="Owed among everybody")
    def owed(self, seat: RoundRobinSeat) -> str:
        whole = sum(each.weight for each in self.in_pool) or 1
        return f"{self.credits.get(seat.rep_id, 0) / whole:+.2f} leads"


@admin.register(Absence)
class AbsenceAdmin(admin.ModelAdmin):
    list_display = ("rep", "starts_at", "ends_at", "cover", "most_owed")
    list_select_related = ("rep", "cover")
    list_filter = ("rep",)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["queryset"] = User.objects.reps().order_by("name", "pk")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


@admin.register(RoutingDecision)
class RoutingDecisionAdmin(ReadOnly):
    """To look at; a decision is written with its assignment and never changes."""

    list_display = ("decided_at", "lead", "rep", "rule", "because")
    list_select_related = ("cycle__lead", "rep")
    list_filter = ("rep", "rule")

    @admin.display(description="Lead")
    def lead(self, decision: RoutingDecision) -> str:
        return decision.cycle.lead.name
