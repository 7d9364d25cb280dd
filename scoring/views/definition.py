"""The definition everybody can read, print, and look at again."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from scoring import reviews
from scoring.definition import published
from scoring.explain import labels
from scoring.forms import ReviewForm
from scoring.language import Model, Rule
from scoring.models import Backtest, ModelVersion
from scoring.sentences import Labels, any_of, sentence, situation
from scoring.services.reviews import CannotReview, record_review


@login_required
@require_GET
def definition(request: HttpRequest) -> HttpResponse:
    """The published definition in plain words, its age and next review, and the versions before it."""
    return _page(request, ReviewForm())


def _page(request: HttpRequest, form: ReviewForm, status: int = 200) -> HttpResponse:
    current, standing = published(), reviews.standing()
    context: dict[str, Any] = {"standing": standing, "form": form, "former": reviews.former()}
    if current and standing:
        context |= _in_words(*current)
        context["proofs"] = Backtest.objects.visible_to(request.user).proofs_of(current[0])[:3]
        context["may_review"] = reviews.may_review(request.user)  # type: ignore[arg-type]
    context["versions"] = ModelVersion.objects.exclude(state="draft").select_related("published_by")[:20]
    return render(request, "scoring/definition.html", context, status=status)


def _in_words(version: ModelVersion, model: Model) -> dict[str, Any]:
    names = labels()
    rules = [rule for rule in model.rules if rule.enabled]
    return {
        "version": version,
        "leaves_below": version.threshold - version.margin,
        "at_once": _any_situation(rules, "critical", names),
        "never": _any_situation(rules, "disqualify", names),
        "groups": [
            {
                "group": group,
                "rules": [(rule, sentence(rule, names)) for rule in rules if rule.group == group.key],
            }
            for group in model.groups
        ],
    }


def _any_situation(rules: list[Rule], effect: str, names: Labels) -> str:
    """Empty when no rule has that effect."""
    found = [situation(rule, names) for rule in rules if rule.effect == effect]
    return any_of(found) if found else ""


@login_required
@require_POST
def review(request: HttpRequest) -> HttpResponse:
    """The owner, or an admin, looked at the definition and leaves it as it is."""
    if not reviews.may_review(request.user):  # type: ignore[arg-type]
        raise PermissionDenied
    form = ReviewForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        record_review(actor=request.user, **form.cleaned_data)  # type: ignore[arg-type]
    except CannotReview as error:
        form.add_error(None, str(error))
        return _page(request, form, status=409)
    messages.success(request, "The review is noted. The definition stays as it is.")
    return redirect("scoring:definition")
