"""Admins set the rules of the routing here, look ahead for one lead, and replay the past through a draft."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.forms import Script
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from handoff.models import RoutingRule
from handoff.services.routing import OWN, preview, route_of
from handoff.services.simulation import simulate
from handoff.wording import sentence
from leads import fields
from leads.models import Lead
from scoring.definition import condition_of
from scoring.forms import ConditionsField
from scoring.models import QualificationCycle
from scoring.sentences import NO_LABELS
from scoring.validation import condition_problem, no_such_field

NEEDS = {"rep": "Choose the rep this rule gives leads to.", "team": "Choose the team that takes turns."}


def known_fields() -> dict[str, str]:
    """{key: label} of all that a condition may ask about."""
    own = {key: key.capitalize() for key in OWN}
    return {key: field.label for key, field in fields.all_fields().items()} | own


class RoutingRuleForm(forms.ModelForm):
    conditions = ConditionsField(
        required=False,
        help_text="All must hold; without any, the rule holds for every lead. Clear a row to remove it.",
    )

    class Meta:
        model = RoutingRule
        fields = ("name", "state", "position", "conditions", "target", "rep", "team", "hold")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "rep" in self.fields:
            self.fields["rep"].queryset = User.objects.reps().order_by("name", "pk")  # type: ignore[attr-defined]
            self.fields["conditions"].help_text += f" Fields: {', '.join(known_fields())}."

    def clean_conditions(self) -> list[dict[str, Any]]:
        conditions: list[dict[str, Any]] = self.cleaned_data["conditions"]
        known = known_fields()
        for item in conditions:
            unknown = "" if item["field"] in known else no_such_field(item["field"], known)
            problem = unknown or condition_problem(condition_of(item))
            if problem:
                raise forms.ValidationError(f"Condition on “{item['field']}”: {problem}")
        return conditions

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        target = cleaned.get("target")
        for name, words in NEEDS.items():
            if target == name and not cleaned.get(name) and name not in self.errors:
                self.add_error(name, words)
            elif target != name and cleaned.get(name):
                cleaned[name] = None  # of a target chosen before
        return cleaned

    def as_typed(self) -> RoutingRule:
        """The rule as it would be saved, as far as it can be read."""
        known = ("name", "state", "conditions", "target", "rep", "team", "hold")
        return RoutingRule(**{name: self.cleaned_data[name] for name in known if name in self.cleaned_data})


def in_words(rule: RoutingRule, labels: dict[str, str] | None = None) -> str:
    return sentence(route_of(rule), str(rule.rep or ""), labels or NO_LABELS)


class SimulationForm(forms.Form):
    days = forms.IntegerField(label="Last days", min_value=1, max_value=365, initial=30)
    rules = forms.ModelMultipleChoiceField(
        label="Rules",
        queryset=RoutingRule.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rules = RoutingRule.objects.select_related("team")
        self.fields["rules"].queryset = rules  # type: ignore[attr-defined]
        self.fields["rules"].initial = rules.exclude(state=RoutingRule.State.OFF)


def _ahead(wanted: str) -> dict[str, Any]:
    wanted = wanted.replace("\x00", "")
    if not wanted:
        return {}
    by = {"pk": wanted} if wanted.isdecimal() and len(wanted) < 19 else {"email__iexact": wanted}
    lead = Lead.objects.filter(merged_into=None, **by).select_related("score").first()
    if lead is None:
        return {"problem": f"There is no lead “{wanted[:80]}”. Take the number from the address of its page."}
    found = preview(_cycle_of(lead))
    goes_to = next((each.name for each in found.candidates if each.rep == found.rep), "")
    return {"lead": lead, "found": found, "goes_to": goes_to}


def _cycle_of(lead: Lead) -> QualificationCycle:
    """The open cycle; for a lead that is no MQL, what one would look like now."""
    cycle = QualificationCycle.objects.open().filter(lead=lead).select_related("lead").first()
    score = getattr(lead, "score", None)
    if cycle is None:
        total, band = (score.total, score.band) if score else (0, "")
        cycle = QualificationCycle(lead=lead, total=total, band=band, cause="threshold")
    return cycle


@admin.register(RoutingRule)
class RoutingRuleAdmin(admin.ModelAdmin):
    form = RoutingRuleForm
    change_form_template = "admin/handoff/routingrule/change_form.html"
    list_display = ("name", "position", "state", "in_words")
    list_editable = ("position", "state")
    list_filter = ("state", "target")
    list_select_related = ("rep", "team")
    search_fields = ("name",)
    actions = ("move_up", "move_down", "copy_as_draft")
    fieldsets = (
        (None, {"fields": ("name", ("state", "position"))}),
        ("When", {"fields": ("conditions",)}),
        ("Then", {"fields": ("target", "rep", "team", "hold")}),
    )

    class Media:
        js = (Script("js/rule-live.js", type="module"),)

    @admin.display(description="In words")
    def in_words(self, rule: RoutingRule) -> str:
        return format_html("{}", in_words(rule))

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        last = RoutingRule.objects.order_by("-position").first()
        return {"position": last.position + 10 if last else 10}

    def get_urls(self) -> list[URLPattern]:
        guard, name = self.admin_site.admin_view, "handoff_routingrule"
        return [
            path("sentence/", guard(require_POST(self.live)), name=f"{name}_sentence"),
            path("look-ahead/", guard(require_GET(self.look_ahead)), name=f"{name}_look_ahead"),
            path("simulation/", guard(require_GET(self.simulation)), name=f"{name}_simulation"),
            *super().get_urls(),
        ]

    def look_ahead(self, request: HttpRequest) -> HttpResponse:
        """Who would get a lead at this moment, and why."""
        wanted = request.GET.get("lead", "").strip()
        context = {"title": "Who would get this lead", "wanted": wanted, **_ahead(wanted)}
        return self._page(request, "look_ahead", context)

    def simulation(self, request: HttpRequest) -> HttpResponse:
        """Past offers through the ticked rules."""
        form = SimulationForm(request.GET if "run" in request.GET else None)
        result = simulate(**form.cleaned_data) if form.is_valid() else None
        return self._page(request, "simulation", {"title": "Simulate", "form": form, "result": result})

    def _page(self, request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
        if not super().has_view_permission(request):
            raise PermissionDenied
        context = {**self.admin_site.each_context(request), **context}
        return render(request, f"admin/handoff/routingrule/{name}.html", context)

    def live(self, request: HttpRequest) -> HttpResponse:
        """The sentence of the form as it stands, saved or not, and what is wrong with it."""
        if not super().has_change_permission(request):
            raise PermissionDenied
        form = RoutingRuleForm(request.POST)
        form.is_valid()
        form.errors.pop("name", None) if "already exists" in str(form.errors.get("name", "")) else None
        faults = [message for found in form.errors.values() for message in found]
        words = in_words(form.as_typed(), known_fields())
        return render(request, "admin/scoring/rule/_live.html", {"sentence": words, "faults": faults})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> Any:
        rule = RoutingRule.objects.filter(pk=object_id).first() if object_id.isdecimal() else None
        context = {"sentence": in_words(rule, known_fields())} if rule else {}
        return super().change_view(request, object_id, form_url, {**context, **(extra_context or {})})

    @admin.action(description="Ask earlier", permissions=["change"])
    def move_up(self, request: HttpRequest, queryset: Any) -> None:
        self._move(queryset, -1)

    @admin.action(description="Ask later", permissions=["change"])
    def move_down(self, request: HttpRequest, queryset: Any) -> None:
        self._move(queryset, 1)

    @transaction.atomic
    def _move(self, queryset: Any, step: int) -> None:
        """One place up or down, and every rule gets a position of its own again."""
        rules = list(RoutingRule.objects.select_for_update().order_by("position", "pk"))
        chosen = set(queryset.values_list("pk", flat=True))
        walk = range(len(rules)) if step < 0 else range(len(rules) - 1, -1, -1)
        for at in walk:
            to = at + step
            if rules[at].pk in chosen and 0 <= to < len(rules) and rules[to].pk not in chosen:
                rules[at], rules[to] = rules[to], rules[at]
        for place, rule in enumerate(rules, start=1):
            if rule.position != place * 10:
                rule.position = place * 10
                rule.save(update_fields=["position"])

    @admin.action(description="Copy as drafts, to simulate a change", permissions=["change"])
    def copy_as_draft(self, request: HttpRequest, queryset: Any) -> None:
        for rule in queryset:
            rule.pk, rule.state = None, RoutingRule.State.DRAFT
            rule.name = f"{rule.name[:80]} (draft {RoutingRule.objects.count() + 1})"
            rule.save()
        messages.success(request, "The copies are drafts: they decide nothing until you put them in force.")
