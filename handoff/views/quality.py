"""Quality of leads: what reps said, by source, campaign and scoring version, and what became of those leads."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts.access import roles
from handoff.models import Occasion
from handoff.quality import ENOUGH, PERIODS, WAYS, View, groups, mixes, rated, surprises


@roles("marketer", "manager")
@require_GET
def quality(request: HttpRequest) -> HttpResponse:
    """Opinion and outcome side by side; four queries, however many answers there are."""
    view = View.of(request.GET)
    rows = rated(request.user, view)
    context = {
        "view": view,
        "tabs": _links(view, "way", {key: label for key, (label, _) in WAYS.items()}),
        "occasions": _links(view, "occasion", dict(Occasion.choices)),
        "periods": _links(view, "period", {key: label for key, (label, _) in PERIODS.items()}),
        "groups": groups(rows, view),
        "mixes": mixes(rows, view),
        "surprises": surprises(rows),
        "enough": ENOUGH,
    }
    return render(request, "handoff/quality.html", context)


def _links(view: View, key: str, labels: dict[Any, Any]) -> list[dict[str, Any]]:
    now = {"way": view.way, "occasion": view.occasion, "period": view.period}
    url = reverse("handoff:quality")
    return [
        {
            "url": f"{url}?{urlencode({**now, key: value})}",
            "label": label,
            "current": value == now[key],
            "count": None,
        }
        for value, label in labels.items()
    ]
