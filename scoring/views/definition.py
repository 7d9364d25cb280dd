"""The definition everybody can read."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from scoring.definition import model_of, published
from scoring.explain import labels
from scoring.models import ModelVersion
from scoring.sentences import sentence


@login_required
@require_GET
def definition(request: HttpRequest) -> HttpResponse:
    """The published definition in plain words, and the versions before it."""
    current = published()
    context = {
        "version": current[0] if current else None,
        "groups": _rules_by_group(current[0]) if current else [],
        "leaves_below": current[0].threshold - current[0].margin if current else 0,
        "versions": ModelVersion.objects.select_related("published_by")[:20],
    }
    return render(request, "scoring/definition.html", context)


def _rules_by_group(version: ModelVersion) -> list[dict[str, object]]:
    model = model_of(version)
    return [
        {
            "group": group,
            "rules": [
                (rule, sentence(rule, labels()))
                for rule in model.rules
                if rule.group == group.key and rule.enabled
            ],
        }
        for group in model.groups
    ]
