"""Every line of a score, at any date: what is behind it, what time does to it, and the road to MQL."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from leads.models import Lead
from scoring import curves, lookback
from scoring.evidence import evidence_of
from scoring.explain import Explanation, explain, labels
from scoring.lookback import Lookback
from scoring.models import ModelVersion
from scoring.presentation import groups_of, outlook_of
from scoring.roads import way_of
from scoring.sentences import sentence
from scoring.views.leads import is_qualified, lead_of

PART = "explained"  # the part of the page that the slider swaps


@login_required
@require_GET
def explanation(request: HttpRequest, lead_pk: int) -> HttpResponse:
    """The page; its changing part for the slider; the lines alone for the panes of other pages."""
    lead = lead_of(request, lead_pk)
    asked = lookback.read(lead, request.GET)
    found = _told(lead, asked)
    context = {"lead": lead, "asked": asked, "problem": asked.problem, "explanation": found}
    context |= {"groups": groups_of(found)} if found else {}
    if request.wants_fragment and request.headers.get("HX-Target") != PART:  # type: ignore[attr-defined]
        return render(request, "scoring/_explanation.html", context)
    context |= {"several": ModelVersion.objects.filter(state="retired").exists()}
    context |= {"life": lookback.life_of(lead, asked.moment), **(_ahead(lead, asked, found) if found else {})}
    page = "_explained" if request.wants_fragment else "explanation"  # type: ignore[attr-defined]
    return render(request, f"scoring/{page}.html", context)


def _told(lead: Lead, asked: Lookback) -> Explanation | None:
    return explain(lead, as_of=asked.moment, version=asked.version) if asked.version else None


def _ahead(lead: Lead, asked: Lookback, found: Explanation) -> dict[str, Any]:
    outlook = outlook_of(found, _counted(lead, asked))
    curve = curves.of_score(found.course, outlook.foreseen if outlook else None)
    return {"outlook": outlook, "curve": curve, "way": way_of(found, labels())}


def _counted(lead: Lead, asked: Lookback) -> bool:
    """Whether the lead counted as qualified at the instant that is looked at."""
    if asked.moment is None:
        return is_qualified(lead)
    last = lead.score_changes.filter(at__lte=asked.moment).order_by("-at").first()
    return last is not None and last.qualified


@login_required
@require_GET
def line(request: HttpRequest, lead_pk: int, key: str) -> HttpResponse:
    """One rule: the activities that counted, what each gives now, and how it goes on."""
    lead = lead_of(request, lead_pk)
    asked = lookback.read(lead, request.GET)
    found = _told(lead, asked)
    rule = next((rule for rule in found.model.rules if rule.key == key), None) if found else None
    if found is None or rule is None:
        raise Http404("The version that is shown has no such rule.")
    behaviour = rule.enabled and rule.subject == "behaviour"
    context = {
        "lead": lead,
        "asked": asked,
        "explanation": found,
        "rule": rule,
        "sentence": sentence(rule, labels()),
        "evidence": evidence_of(lead, found, rule) if behaviour else None,
        "curve": curves.of_rule(found.course, rule) if behaviour and rule.gives else None,
    }
    page = "_line" if request.wants_fragment else "line"  # type: ignore[attr-defined]
    return render(request, f"scoring/{page}.html", context)
