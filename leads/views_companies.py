"""Companies: the list, and one with its people."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from leads import listing
from leads.details import company_rows
from leads.keyset import Order, capped_count, page_of
from leads.models import Company, Lead
from leads.requests import PageRequest

PEOPLE = 25
BY_NAME = Order("name", "Name", ("name", "pk"), descending=False)


@login_required
@require_GET
def company_list(request: PageRequest) -> HttpResponse:
    query = {key: str(value) for key, value in request.GET.items() if value}
    words = query.get("q", "").strip()[:100]
    companies = Company.objects.visible_to(request.user)
    companies = companies.matching(words) if words else companies
    page = page_of(companies, BY_NAME, query.get("cursor", ""))
    context = {
        "rows": _with_people(request, page.rows),
        "count": capped_count(companies),
        "q": words,
        "next_url": listing.with_(query, cursor=page.next) if page.next else "",
        "previous_url": listing.with_(query, cursor=page.previous) if page.previous else "",
    }
    template = "leads/_companies.html" if request.wants_fragment else "leads/companies.html"
    return render(request, template, context)


def _with_people(request: PageRequest, companies: list[Company]) -> list[tuple[Company, int]]:
    """Each with how many of its people this person may see; one query for the page."""
    people = Lead.objects.visible_to(request.user).filter(company__in=companies)
    numbers = dict(people.values_list("company").annotate(number=Count("pk")).order_by())
    return [(company, numbers.get(company.pk, 0)) for company in companies]


@login_required
@require_GET
def company_detail(request: PageRequest, pk: int) -> HttpResponse:
    company = get_object_or_404(Company.objects.visible_to(request.user), pk=pk)
    people = Lead.objects.visible_to(request.user).filter(company=company)
    page = page_of(listing.shown(people), listing.ORDERS["score"], size=PEOPLE)
    context = {
        "company": company,
        "rows": company_rows(company),
        "people": page.rows,
        "more": bool(page.next),
    }
    return render(request, "leads/company.html", context)
