"""Admin for what the pages do not change: own fields, suppressions; and looks at people, companies and imports."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.admin_kinds import NeverDeleted, ReadOnly
from leads.hit_forms import HitRuleForm
from leads.models import Company, Consent, CustomField, HitRule, Import, Lead, Suppression, Topic
from leads.services import consent, verdicts


@admin.register(Lead)
class LeadAdmin(ReadOnly):
    list_display = ("name", "email", "company", "stage", "owner", "created_at")
    list_filter = ("stage",)
    list_select_related = ("company", "owner")
    search_fields = ("email__istartswith",)
    ordering = ("-pk",)


@admin.register(Company)
class CompanyAdmin(ReadOnly):
    list_display = ("name", "domain", "industry", "employees", "country")
    search_fields = ("domain__istartswith", "name__istartswith")
    ordering = ("-pk",)


@admin.register(Import)
class ImportAdmin(ReadOnly):
    list_display = ("name", "state", "total_rows", "done_rows", "created_by", "created_at")
    list_filter = ("state",)
    list_select_related = ("created_by",)
    ordering = ("-pk",)


@admin.register(CustomField)
class CustomFieldAdmin(NeverDeleted):
    """The label may change; key and type may not: rules and values rely on them."""

    list_display = ("label", "key", "type")
    search_fields = ("label", "key")
    ordering = ("label",)

    def get_readonly_fields(self, request: HttpRequest, obj: CustomField | None = None) -> tuple[str, ...]:
        return ("key", "type") if obj else ()


@admin.register(Topic)
class TopicAdmin(NeverDeleted):
    """What people may ask for or refuse by itself."""

    list_display = ("name", "description", "public", "opt_in", "confirm", "position")
    list_filter = ("public", "opt_in", "confirm")
    search_fields = ("name",)


@admin.register(Consent)
class ConsentAdmin(ReadOnly):
    """The record, as it is: nothing in it can be changed."""

    list_display = ("at", "address", "topic", "channel", "state", "basis", "source")
    list_filter = ("state", "source", "basis", "channel")
    list_select_related = ("topic",)
    search_fields = ("address__istartswith",)
    ordering = ("-pk",)


@admin.register(Suppression)
class SuppressionAdmin(admin.ModelAdmin):
    """Added by hand here; lifted on the lead's page, where it is a decision with a name."""

    list_display = ("address", "reason", "detail", "at")
    list_filter = ("reason",)
    search_fields = ("address__istartswith",)
    fields = ("address", "reason", "detail")
    show_full_result_count = False
    ordering = ("-pk",)

    def save_model(self, request: HttpRequest, obj: Suppression, form: Any, change: bool) -> None:
        """Through the service, so that campaigns of that person stop."""
        consent.suppress(address=obj.address, reason=obj.reason, detail=obj.detail or f"By {request.user}")
        obj.pk = Suppression.objects.get(address=obj.address.strip().lower()).pk

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(HitRule)
class HitRuleAdmin(admin.ModelAdmin):
    """What is known about networks, programs and gateways; hits on file are judged again when one changes."""

    form = HitRuleForm
    list_display = ("pattern", "kind", "people", "seconds", "note", "created_by")
    list_filter = ("kind", "people")
    list_select_related = ("created_by",)
    search_fields = ("pattern",)
    ordering = ("-pk",)

    def get_readonly_fields(self, request: HttpRequest, obj: HitRule | None = None) -> tuple[str, ...]:
        return ("kind", "pattern") if obj else ()

    def save_model(self, request: HttpRequest, obj: HitRule, form: Any, change: bool) -> None:
        obj.pk = verdicts.rule(
            kind=obj.kind,
            pattern=obj.pattern,
            people=obj.people,
            seconds=obj.seconds,
            note=obj.note,
            actor=request.user,
        ).pk

    def delete_model(self, request: HttpRequest, obj: HitRule) -> None:
        verdicts.forget_rule(obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for rule in queryset:
            verdicts.forget_rule(rule)
