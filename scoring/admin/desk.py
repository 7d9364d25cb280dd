"""Beside the form of a rule: its sentence, whom it touches, and a try with one lead; and what is done to rows."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from scoring.admin.words import in_words
from scoring.definition import rule_of
from scoring.forms import RuleForm
from scoring.models import Rule
from scoring.services.rules import clone_rule, move_rule, place_rule
from scoring.services.versions import NotADraft
from scoring.touched import touched
from scoring.trial import try_rule
from scoring.trial_forms import TrialForm


class OnlyShown:
    """A form that keeps what was typed on the page without saving it."""

    def is_valid(self) -> bool:
        super().is_valid()  # type: ignore[misc]
        return False


class RuleDesk(admin.ModelAdmin):
    """Everything here works with the form as it stands, saved or not. Without JavaScript the button *Try it* shows
    all of it at once and saves nothing.
    """

    def get_urls(self) -> list[URLPattern]:
        pages = {"sentence/": self.live, "touched/": self.touched, "trial/": self.trial}
        names = {"sentence/": "sentence", "touched/": "touched", "trial/": "trial"}
        guard = self.admin_site.admin_view
        return [
            *(
                path(route, guard(require_POST(view)), name=f"scoring_rule_{names[route]}")
                for route, view in pages.items()
            ),
            path("<int:pk>/copy/", guard(require_POST(self.copy)), name="scoring_rule_copy"),
            path("order/", guard(require_POST(self.order)), name="scoring_rule_order"),
            *super().get_urls(),
        ]

    def live(self, request: HttpRequest) -> HttpResponse:
        """The sentence of the form as it stands, saved or not, and what is wrong with it."""
        return render(request, "admin/scoring/rule/_live.html", self._said(self._typed(request)))

    def touched(self, request: HttpRequest) -> HttpResponse:
        return render(request, "admin/scoring/rule/_touched.html", _counted(self._typed(request)))

    def trial(self, request: HttpRequest) -> HttpResponse:
        context = self._tried(request, self._typed(request))
        return render(request, "admin/scoring/rule/_trial.html", context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        if request.method == "POST" and "_try" in request.POST:
            form = self._typed(request)
            context = {**self._said(form), **_counted(form), **self._tried(request, form)}
            request.only_shown = True  # type: ignore[attr-defined]
        else:
            context = self._stored(request, object_id)
        return super().changeform_view(request, object_id, form_url, {**context, **(extra_context or {})})

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        return type("ShownForm", (OnlyShown, form), {}) if getattr(request, "only_shown", False) else form

    def _stored(self, request: HttpRequest, object_id: str | None) -> dict[str, Any]:
        pk = unquote(object_id) if object_id else ""
        rule = Rule.objects.select_related("group").filter(pk=pk).first() if pk.isdecimal() else None
        shown = {"trial_form": TrialForm(user=request.user)}
        return {"sentence": in_words(rule), "touched": _touched(rule), **shown} if rule else shown

    def _typed(self, request: HttpRequest) -> RuleForm:
        if not admin.ModelAdmin.has_change_permission(self, request):
            raise PermissionDenied
        form = RuleForm(request.POST, instance=self._edited(request.POST))
        form.is_valid()
        return form

    def _edited(self, typed: Any) -> Rule | None:
        """The rule of the form, if it is an old one: its key must not count as taken."""
        version = typed.get("version", "")
        if not version.isdecimal():
            return None
        return Rule.objects.filter(version=version, key=typed.get("key", "")).first()

    def _said(self, form: RuleForm) -> dict[str, Any]:
        words = in_words(form.instance_with(form.cleaned_data)) if form.cleaned_data.get("group") else ""
        return {"sentence": words, "faults": [m for found in form.errors.values() for m in found]}

    def _tried(self, request: HttpRequest, form: RuleForm) -> dict[str, Any]:
        asked = TrialForm(request.POST, user=request.user)
        if form.errors or not asked.is_valid():
            return {"trial_form": asked, "unclear": bool(form.errors)}
        lead, as_of = asked.cleaned_data["try_lead"], asked.cleaned_data["try_at"]
        row = form.instance_with(form.cleaned_data)
        before = form.instance.key if form.instance.pk else ""
        found = try_rule(rule_of(row), lead=lead, as_of=as_of, version=row.version, before=before)
        return {"trial_form": asked, "trial": found}

    def copy(self, request: HttpRequest, pk: int) -> HttpResponse:
        rule = self._row(request, pk)
        try:
            made = clone_rule(rule=rule)
        except NotADraft as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(reverse("admin:scoring_rule_change", args=[pk]))
        messages.success(request, "This is the copy. It is switched off until you switch it on.")
        return HttpResponseRedirect(reverse("admin:scoring_rule_change", args=[made.pk]))

    def order(self, request: HttpRequest) -> HttpResponse:
        """`move` names the rule and where it goes: 12:up, 12:down, or 12:15 for the place of rule 15."""
        pk, _, where = request.POST.get("move", "").partition(":")
        rule = self._numbered(request, pk)
        try:
            if where in ("up", "down"):
                move_rule(rule=rule, up=where == "up")
            elif not place_rule(rule=rule, at=self._numbered(request, where)):
                messages.error(request, "Rules are sorted within their group. Nothing was moved.")
        except NotADraft as error:
            messages.error(request, str(error))
        url = reverse("admin:scoring_modelversion_change", args=[rule.version_id])
        return HttpResponseRedirect(f"{url}#rule-{rule.pk}")

    def _numbered(self, request: HttpRequest, pk: str) -> Rule:
        return self._row(request, int(pk) if pk.isdecimal() and len(pk) < 19 else 0)

    def _row(self, request: HttpRequest, pk: int) -> Rule:
        if not admin.ModelAdmin.has_change_permission(self, request):
            raise PermissionDenied
        return get_object_or_404(Rule.objects.select_related("version"), pk=pk)


def _counted(form: RuleForm) -> dict[str, Any]:
    return {"touched": None if form.errors else _touched(form.instance_with(form.cleaned_data))}


def _touched(row: Rule) -> Any:
    """None for a rule that cannot be read yet."""
    try:
        return touched(rule_of(row))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
