"""What is watched for: edited in words, with how often each happened."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import Script
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.views.decorators.http import require_POST

from scoring import watching
from scoring.models import Watch
from scoring.services import alerting
from scoring.watch_forms import OF_ACTIONS, OF_CROSSINGS, WatchForm

DAYS = 30


@admin.register(Watch)
class WatchAdmin(admin.ModelAdmin):
    form = WatchForm
    change_form_template = "admin/scoring/watch/change_form.html"
    list_display = ("name", "in_words", "enabled", "fired", "last_fired")
    list_filter = ("enabled", "on")
    search_fields = ("name",)
    fieldsets = (
        (None, {"fields": ("name", "enabled", "on")}),
        (
            "If it is something a lead does",
            {"fields": ("activity", "conditions", OF_ACTIONS[2:4], OF_ACTIONS[4:])},
        ),
        ("If the score crosses a line", {"fields": (OF_CROSSINGS,)}),
        (
            "For which leads, and how often",
            {"fields": ("least_score", "only_qualified", "only_owned", "cool_down_hours")},
        ),
    )

    class Media:
        js = (Script("js/rule-live.js", type="module"),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Watch]:
        return Watch.objects.with_alerts_since(DAYS)

    @admin.display(description="In words")
    def in_words(self, watch: Watch) -> str:
        return watching.in_words(watch)

    @admin.display(description=f"Alerts in {DAYS} days", ordering="fired")
    def fired(self, watch: Any) -> str:
        return format_html('<a href="{}?watch={}">{}</a>', reverse("scoring:alerts"), watch.pk, watch.fired)

    @admin.display(description="Last alert", ordering="last_fired", empty_value="never")
    def last_fired(self, watch: Any) -> Any:
        return watch.last_fired

    def save_model(self, request: HttpRequest, obj: Watch, form: Any, change: bool) -> None:
        alerting.save(watch=obj)

    def get_urls(self) -> list[URLPattern]:
        live = self.admin_site.admin_view(require_POST(self.live))
        return [path("sentence/", live, name="scoring_watch_sentence"), *super().get_urls()]

    def live(self, request: HttpRequest) -> HttpResponse:
        """The sentence of the form as it stands, saved or not, and what is wrong with it."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        form = WatchForm(
            request.POST, instance=Watch.objects.filter(name=request.POST.get("name", "")).first()
        )
        form.is_valid()
        faults = [message for messages in form.errors.values() for message in messages]
        words = watching.in_words(form.watch_with(form.cleaned_data))
        return render(request, "admin/scoring/rule/_live.html", {"sentence": words, "faults": faults})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> Any:
        watch = Watch.objects.filter(pk=object_id).first() if object_id.isdecimal() else None
        context = {"sentence": watching.in_words(watch)} if watch else {}
        return super().change_view(request, object_id, form_url, {**context, **(extra_context or {})})
