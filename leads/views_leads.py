"""The lead list, decisions about several leads, and the search of the palette."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from accounts.access import roles
from leads import listing
from leads.forms import AssignForm, LeadFilters, ReasonForm
from leads.keyset import capped_count, page_of
from leads.models import Company, Lead
from leads.requests import PageRequest
from leads.services import people

FOUND = 8  # of each kind in the palette
MOST_AT_ONCE = 200


@login_required
@require_GET
def lead_list(request: PageRequest) -> HttpResponse:
    query = {key: str(value) for key, value in request.GET.items() if value}
    form = LeadFilters(query, user=request.user)
    order = listing.order_of(query.get("sort", ""))
    leads = listing.filtered(Lead.objects.visible_to(request.user), form.chosen, request.user)
    page = page_of(listing.shown(leads), order, query.get("cursor", ""))
    context = {
        "page": page,
        "count": capped_count(leads),
        "form": form,
        "query": query,
        "chips": listing.chips(form, query),
        "columns": listing.columns(query, order),
        "order": order,
        "next_url": listing.with_(query, cursor=page.next) if page.next else "",
        "previous_url": listing.with_(query, cursor=page.previous) if page.previous else "",
        "may_decide": not request.user.is_rep,
        "assign": AssignForm(),
    }
    return render(request, "leads/_table.html" if request.wants_fragment else "leads/list.html", context)


def _chosen(request: PageRequest) -> list[Lead]:
    """The selected leads this person may see; the others are not there."""
    ids = [int(value) for value in request.POST.getlist("lead")[:MOST_AT_ONCE] if value.isdigit()]
    return list(Lead.objects.visible_to(request.user).filter(pk__in=ids).order_by("pk"))


def _back(request: PageRequest) -> HttpResponse:
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()})
    return redirect(target if safe else "leads:list")


@roles("marketer", "manager")
@require_POST
def assign(request: PageRequest) -> HttpResponse:
    """Gives the selected leads an owner."""
    form, leads = AssignForm(request.POST), _chosen(request)
    if not leads:
        messages.warning(request, "Nothing was changed: no lead is selected.")
    elif not form.is_valid():
        messages.error(request, f"Nothing was changed. {form.errors['owner'][0]}")
    else:
        owner = form.cleaned_data["owner"]
        number = people.assign_many(leads=leads, owner=owner, actor=request.user)
        messages.success(request, f"{_leads(number)} now with {owner or 'nobody'}.")
    return _back(request)


@roles("marketer", "manager")
@require_POST
def disqualify(request: PageRequest) -> HttpResponse:
    """Excludes the selected leads."""
    form, leads = ReasonForm(request.POST), _chosen(request)
    if not leads:
        messages.warning(request, "Nothing was changed: no lead is selected.")
    elif not form.is_valid():
        messages.error(request, f"Nothing was changed. {form.errors['reason'][0]}")
    else:
        number = people.disqualify_many(leads=leads, actor=request.user, reason=form.cleaned_data["reason"])
        messages.success(request, f"{_leads(number)} disqualified. They are no longer scored or mailed.")
    return _back(request)


def _leads(number: int) -> str:
    return "1 lead is" if number == 1 else f"{number} leads are"


@login_required
@require_GET
def search(request: PageRequest) -> HttpResponse:
    """Leads and companies for the palette; without it, a page of its own."""
    words = request.GET.get("q", "").strip()[:100]
    context: dict[str, Any] = {"q": words, "leads": [], "companies": []}
    if len(words) >= 2:
        leads = Lead.objects.visible_to(request.user).matching(words)
        context["leads"] = leads.with_score().select_related("company").order_by("-pk")[:FOUND]
        companies = Company.objects.visible_to(request.user).matching(words)
        context["companies"] = companies.order_by("-pk")[:FOUND]
    return render(request, "leads/_found.html" if request.wants_fragment else "leads/search.html", context)
