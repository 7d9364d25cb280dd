"""Machines among the visitors: what was held back and why, letting it count, and the rules of the house."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import roles
from leads.hit_forms import HitFilters, RuleForm
from leads.keyset import Order, capped_count, page_of
from leads.machines.rules import BadPattern, clean, neighbourhood
from leads.machines.seen import FOR_PEOPLE, WORDS
from leads.models import Hit, HitRule
from leads.requests import PageRequest
from leads.services import verdicts

NEWEST = Order("newest", "Newest first", ("pk",))
TABS = (("", "Held back"), ("released", "Released"), ("rules", "Rules"))


@roles("marketer")
@require_GET
def quarantine(request: PageRequest) -> HttpResponse:
    show = request.GET.get("show", "")
    if show == "rules":
        return _rules(request)
    hits: Any = Hit.objects.visible_to(request.user)
    rows = hits.released() if show == "released" else hits.quarantined()
    form = HitFilters(request.GET)
    found = page_of(
        form.applied_to(rows).select_related("lead", "decided_by"),
        NEWEST,
        request.GET.get("cursor", ""),
        size=25,
    )
    for hit in found.rows:
        hit.words = [WORDS[reason] for reason in hit.reasons if reason not in FOR_PEOPLE]
        hit.share = "over 99%" if hit.probability > 0.99 else f"{hit.probability:.0%}"
        hit.network = neighbourhood(hit.address or "")
    context = {
        "page": found, "form": form, "chips": _chips(request, form), "tabs": _tabs(show), "show": show,
        "total": capped_count(hits.quarantined()) if found.rows and not show else "", "query": _query(request),
    }  # fmt: skip
    return render(request, "leads/quarantine.html", context)


def _rules(request: PageRequest) -> HttpResponse:
    page = page_of(HitRule.objects.select_related("created_by"), NEWEST, request.GET.get("cursor", ""))
    return render(request, "leads/hit_rules.html", {"page": page, "tabs": _tabs("rules")})


@roles("marketer")
@require_POST
def decide(request: PageRequest, pk: int) -> HttpResponse:
    """One hit: a person's (`person=1`), or a machine's after all."""
    hit = get_object_or_404(Hit.objects.visible_to(request.user), pk=pk)
    person = request.POST.get("person") == "1"
    try:
        verdicts.decide(hit=hit, person=person, actor=request.user)
    except verdicts.NotThere as refusal:
        messages.error(request, str(refusal))
    else:
        done = (
            "counts now; the score follows in seconds"
            if person
            else "is held back again; the score follows in seconds"
        )
        messages.success(request, f"{hit.get_kind_display()} by {hit.lead}: it {done}.")
    return redirect(_back(request))


@roles("marketer")
@require_http_methods(["GET", "POST"])
def rule_new(request: PageRequest) -> HttpResponse:
    """Says before it is saved how many hits on file it would speak of."""
    asked = {name: request.GET.get(name, "").replace("\x00", "")[:200] for name in ("kind", "pattern", "who")}
    sent = request.POST if request.method == "POST" else None
    form = RuleForm(sent, initial={name: value for name, value in asked.items() if value})
    if form.is_valid():
        data = form.cleaned_data
        people, seconds = data["who"] == "people" and data["kind"] != "domain", data["seconds"] or 0
        verdicts.rule(
            kind=data["kind"],
            pattern=data["pattern"],
            people=people,
            seconds=seconds,
            note=data["note"],
            actor=request.user,
        )
        messages.success(
            request, f"{data['pattern']}: the rule holds. Hits on file are judged again, and scores follow."
        )
        return redirect(f"{reverse('leads:quarantine')}?show=rules")
    context = {"form": form, "met": _met(request, form)}
    return render(request, "leads/hit_rule.html", context, status=422 if form.errors else 200)


@roles("marketer")
@require_POST
def rule_removal(request: PageRequest, pk: int) -> HttpResponse:
    rule = get_object_or_404(HitRule, pk=pk)
    verdicts.forget_rule(rule)
    messages.success(
        request, f"{rule.pattern}: the rule is gone. Hits on file are judged by their signs again."
    )
    return redirect(f"{reverse('leads:quarantine')}?show=rules")


def _met(request: PageRequest, form: RuleForm) -> str:
    """How many hits the rule speaks of; blank while it is not known which."""
    told = form.data if form.is_bound else form.initial
    try:
        pattern = clean(told.get("kind", ""), told.get("pattern", ""))
    except BadPattern:
        return ""
    if told.get("kind") not in HitRule.Kind.values:
        return ""
    hits: Any = Hit.objects.visible_to(request.user)
    return capped_count(hits.filter(verdicts.matching(told["kind"], pattern)).exclude(activity=""))


def _tabs(show: str) -> list[dict[str, Any]]:
    here = reverse("leads:quarantine")
    return [
        {
            "url": f"{here}?show={name}" if name else here,
            "label": label,
            "current": name == show,
            "count": None,
        }
        for name, label in TABS
    ]


def _query(request: PageRequest) -> str:
    """The filters, for the pager."""
    return urlencode([(name, value) for name, value in request.GET.items() if name != "cursor" and value])


def _chips(request: PageRequest, form: HitFilters) -> list[dict[str, str]]:
    def without(name: str) -> str:
        return "?" + urlencode([(k, v) for k, v in request.GET.items() if k not in (name, "cursor") and v])

    return [
        {"label": str(form[name].label), "value": value[:60], "remove_url": without(name)}
        for name, value in form.chosen.items()
    ]


def _back(request: PageRequest) -> str:
    target = request.POST.get("back", "")
    ours = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if ours and target.startswith("/") else reverse("leads:quarantine")
