"""Where admins edit the definition: drafts, their groups and rules, publishing."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.forms import Script
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.views.decorators.http import require_POST

from scoring.definition import rule_of
from scoring.forms import RuleForm
from scoring.models import ModelVersion, QualificationCycle, Rule, RuleGroup
from scoring.sentences import sentence
from scoring.services.versions import CannotPublish, NotADraft, check, create_draft, create_usual, publish


class OnlyDrafts(admin.ModelAdmin):
    """Rows of a published version are read here, never changed."""

    def _draft(self, obj: Any) -> bool:
        return obj is None or obj.version.is_draft

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and self._draft(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and self._draft(obj)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "version":
            kwargs["queryset"] = ModelVersion.objects.filter(state=ModelVersion.State.DRAFT)
        if db_field.name == "group":
            kwargs["queryset"] = RuleGroup.objects.filter(version__state=ModelVersion.State.DRAFT)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class GroupInline(admin.TabularInline):
    model = RuleGroup
    extra = 0
    fields = ("key", "name", "axis", "minimum", "maximum", "position")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None or obj.is_draft

    has_add_permission = has_delete_permission = has_change_permission


@admin.register(ModelVersion)
class ModelVersionAdmin(admin.ModelAdmin):
    list_display = ("number", "state", "threshold", "note", "published_at", "published_by")
    list_filter = ("state",)
    inlines = (GroupInline,)
    change_form_template = "admin/scoring/modelversion/change_form.html"
    change_list_template = "admin/scoring/modelversion/change_list.html"
    fieldsets = (
        (None, {"fields": ("number", "state", "note")}),
        ("The line", {"fields": ("threshold", "fit_floor", "margin")}),
        (
            "Bands",
            {"fields": (("fit_a", "fit_b", "fit_c"), ("engagement_1", "engagement_2", "engagement_3"))},
        ),
    )
    readonly_fields = ("number", "state")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # drafts are made from the version in force

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.is_draft)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and obj is not None and obj.is_draft

    def get_urls(self) -> list[URLPattern]:
        guard = self.admin_site.admin_view
        return [
            path("draft/", guard(require_POST(self.draft)), name="scoring_modelversion_draft"),
            path("<int:pk>/draft/", guard(require_POST(self.draft)), name="scoring_modelversion_draft_from"),
            path(
                "<int:pk>/publication/",
                guard(require_POST(self.publication)),
                name="scoring_modelversion_publish",
            ),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        context = {"in_force": ModelVersion.objects.published()}
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> Any:
        version = get_object_or_404(ModelVersion, pk=object_id) if object_id.isdecimal() else None
        context = {"problems": check(version), "rows": _rule_rows(version)} if version else {}
        return super().change_view(request, object_id, form_url, {**context, **(extra_context or {})})

    def draft(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        if not super().has_change_permission(request):
            raise PermissionDenied
        source = get_object_or_404(ModelVersion, pk=pk) if pk else None
        if source or ModelVersion.objects.published():
            made = create_draft(actor=request.user, source=source)
        else:
            made = create_usual(actor=request.user)
        messages.success(
            request, f"Draft {made.number} is ready. Nothing changes for anybody until it is published."
        )
        return HttpResponseRedirect(reverse("admin:scoring_modelversion_change", args=[made.pk]))

    def publication(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not super().has_change_permission(request):
            raise PermissionDenied
        version = get_object_or_404(ModelVersion, pk=pk)
        try:
            publish(version=version, actor=request.user)
        except (CannotPublish, NotADraft) as error:
            messages.error(request, f"Not published, nothing has changed. {error}")
        else:
            messages.success(
                request, f"Version {version.number} is published. All leads are being scored anew."
            )
        return HttpResponseRedirect(reverse("admin:scoring_modelversion_change", args=[pk]))


def _rule_rows(version: ModelVersion) -> list[tuple[Rule, str]]:
    return [(rule, _sentence(rule)) for rule in version.rules.select_related("group", "version")]


def _sentence(rule: Rule) -> str:
    try:
        return sentence(rule_of(rule))
    except (KeyError, TypeError, ValueError, AttributeError):
        return "This rule cannot be read yet: its conditions are incomplete."


@admin.register(Rule)
class RuleAdmin(OnlyDrafts):
    form = RuleForm
    change_form_template = "admin/scoring/rule/change_form.html"
    list_display = ("name", "version", "group", "in_words", "points", "enabled", "position")
    list_filter = ("version", "group__key", "subject", "effect", "enabled")
    list_select_related = ("version", "group")
    search_fields = ("name", "key")
    actions = ("switch_on", "switch_off")
    fieldsets = (
        (None, {"fields": ("version", "name", "key", "enabled")}),
        (
            "When",
            {
                "fields": (
                    "subject",
                    "activity",
                    "conditions",
                    ("aggregate", "distinct_by"),
                    ("n", "window_hours"),
                )
            },
        ),
        (
            "Then",
            {"fields": ("effect", ("points", "mode", "cap"), ("decay", "decay_days"), ("group", "position"))},
        ),
    )
    prepopulated_fields = {"key": ("name",)}

    class Media:
        js = (Script("js/rule-live.js", type="module"),)

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return {} if obj else self.prepopulated_fields

    @admin.display(description="In words")
    def in_words(self, rule: Rule) -> str:
        return format_html("{}", _sentence(rule))

    def get_urls(self) -> list[URLPattern]:
        live = self.admin_site.admin_view(require_POST(self.live))
        return [path("sentence/", live, name="scoring_rule_sentence"), *super().get_urls()]

    def live(self, request: HttpRequest) -> HttpResponse:
        """The sentence of the form as it stands, saved or not, and what is wrong with it."""
        if not super().has_change_permission(request):
            raise PermissionDenied
        form = RuleForm(request.POST, instance=self._edited(request.POST))
        form.is_valid()
        words = _sentence(form.instance_with(form.cleaned_data)) if form.cleaned_data.get("group") else ""
        faults = [message for messages_ in form.errors.values() for message in messages_]
        return render(request, "admin/scoring/rule/_live.html", {"sentence": words, "faults": faults})

    def _edited(self, typed: Any) -> Rule | None:
        """The rule of the form, if it is an old one: its key must not count as taken."""
        version = typed.get("version", "")
        return (
            Rule.objects.filter(version=version, key=typed.get("key", "")).first()
            if version.isdecimal()
            else None
        )

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> Any:
        rule = (
            Rule.objects.select_related("group").filter(pk=object_id).first()
            if object_id.isdecimal()
            else None
        )
        context = {"sentence": _sentence(rule)} if rule else {}
        return super().change_view(request, object_id, form_url, {**context, **(extra_context or {})})

    @admin.action(description="Switch the chosen rules on", permissions=["change"])
    def switch_on(self, request: HttpRequest, queryset: Any) -> None:
        self._switch(request, queryset, True)

    @admin.action(description="Switch the chosen rules off", permissions=["change"])
    def switch_off(self, request: HttpRequest, queryset: Any) -> None:
        self._switch(request, queryset, False)

    def _switch(self, request: HttpRequest, queryset: Any, enabled: bool) -> None:
        done = queryset.filter(version__state=ModelVersion.State.DRAFT).update(enabled=enabled)
        left = queryset.count() - done
        words = f"{done} rules switched {'on' if enabled else 'off'}."
        messages.info(
            request, words + (f" {left} belong to a published version and stay as they are." if left else "")
        )


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
