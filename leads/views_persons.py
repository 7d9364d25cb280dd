"""What we hold on one person: a copy of it, and its erasure. For admins."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import roles
from leads import listing
from leads.keyset import Order, page_of
from leads.models import Lead, PersonRequest
from leads.requests import PageRequest
from leads.services import person_requests
from leads.services.persons import inventory, person
from leads.views_lead import visible_lead

NEWEST = Order("newest", "Newest first", ("pk",))


@roles()
@require_GET
def held(request: PageRequest, pk: int) -> HttpResponse:
    lead = visible_lead(request, pk)
    asked = PersonRequest.objects.filter(lead_id=pk).select_related("asked_by").order_by("-pk")[:20]
    context = {"lead": lead, "rows": inventory(person(lead)), "asked": [_shown(one) for one in asked]}
    return render(request, "leads/person.html", context)


def _shown(one: PersonRequest) -> dict[str, Any]:
    there = one.file and one.state == PersonRequest.State.DONE
    return {"row": one, "link": person_requests.link(one) if there else ""}


@roles()
@require_POST
def copy(request: PageRequest, pk: int) -> HttpResponse:
    lead = visible_lead(request, pk)
    try:
        person_requests.ask_for_copy(lead=lead, by=request.user)
        messages.success(request, "The copy is being made. It stands here in a minute, for 7 days.")
    except person_requests.AskedAlready as refusal:
        messages.warning(request, str(refusal))
    return redirect("leads:person", pk)


@roles()
@require_http_methods(["GET", "POST"])
def erasure(request: PageRequest, pk: int) -> HttpResponse:
    """The second look: what goes, what stays as a number, and the word that confirms it."""
    lead = visible_lead(request, pk)
    error = ""
    if request.method == "POST":
        error = _ask(request, lead)
        if not error:
            return redirect("leads:persons")
    context = {
        "lead": lead,
        "rows": inventory(person(lead)),
        "phrase": person_requests.phrase(lead),
        "typed": request.POST.get("typed", "")[:300],
        "error": error,
    }
    return render(request, "leads/erasure.html", context, status=422 if error else 200)


def _ask(request: PageRequest, lead: Lead) -> str:
    """What speaks against it, in words."""
    try:
        person_requests.ask_for_erasure(lead=lead, by=request.user, typed=request.POST.get("typed", ""))
    except (person_requests.NotConfirmed, person_requests.AskedAlready) as refusal:
        return str(refusal)
    messages.success(request, "The erasure is under way. It cannot be taken back.")
    return ""


@roles()
@require_GET
def asked(request: PageRequest) -> HttpResponse:
    """Every copy and erasure that was asked for; an erased person is a number here."""
    query = {key: str(value) for key, value in request.GET.items() if value}
    rows = PersonRequest.objects.visible_to(request.user).select_related("asked_by")
    page = page_of(rows, NEWEST, query.get("cursor", ""))
    context = {
        "rows": [_shown(one) for one in page.rows],
        "next_url": listing.with_(query, cursor=page.next) if page.next else "",
        "previous_url": listing.with_(query, cursor=page.previous) if page.previous else "",
        "leads": reverse("leads:list"),
    }
    return render(request, "leads/persons.html", context)


@roles()
@require_GET
def download(request: PageRequest, token: str) -> Any:
    one = person_requests.copy_behind(token)
    if one is None or not one.file.storage.exists(str(one.file.name)):
        raise Http404
    return FileResponse(
        one.file.open("rb"),
        as_attachment=True,
        filename=f"person-{one.lead_id}.zip",
        content_type="application/zip",
    )
