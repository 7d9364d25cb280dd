"""Endpoints of webhooks: their addresses and secrets, and the log of calls."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import roles
from accounts.sealing import Unreadable
from leads.keyset import Order, page_of
from nurturing.models import WebhookCall, WebhookEndpoint
from nurturing.services import webhooks
from nurturing.webhook_forms import EndpointForm

NEWEST = Order("newest", "Newest", ("created_at", "pk"))


@roles("marketer")
@require_GET
def endpoint_list(request: HttpRequest) -> HttpResponse:
    rows: Any = WebhookEndpoint.objects.visible_to(request.user)
    rows = rows.annotate(
        delivered=Count("calls", filter=Q(calls__state="delivered")),
        waiting=Count("calls", filter=Q(calls__state__in=["waiting", "calling"])),
        failed=Count("calls", filter=Q(calls__state="failed")),
    )
    return render(request, "nurturing/webhooks.html", {"rows": rows.order_by("name")[:200]})


@roles("marketer")
@require_http_methods(["GET", "POST"])
def endpoint_new(request: HttpRequest) -> HttpResponse:
    form = EndpointForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        made = webhooks.save_endpoint(endpoint=None, actor=request.user, **form.cleaned_data)
        messages.success(request, f"Saved {made.name}. Give its secret to the other side.")
        return redirect("nurturing:webhook", made.pk)
    back = reverse("nurturing:webhooks")
    context = {"form": form, "title": "New endpoint", "verb": "Save endpoint", "back": back}
    return render(request, "nurturing/form.html", context, status=422 if form.is_bound else 200)


@roles("marketer")
@require_http_methods(["GET", "POST"])
def endpoint(request: HttpRequest, pk: int) -> HttpResponse:
    """Its settings and the log of calls. Saving switches an endpoint on again that had gone."""
    found = _endpoint(request, pk)
    form = EndpointForm(request.POST if request.method == "POST" else None, endpoint=found)
    if form.is_valid():
        webhooks.save_endpoint(endpoint=found, actor=request.user, **form.cleaned_data)
        messages.success(request, "Saved.")
        return redirect("nurturing:webhook", pk)
    calls = found.calls.select_related("enrolment__lead", "enrolment__campaign")
    page = page_of(calls, NEWEST, request.GET.get("cursor", ""), size=25)
    context = {"endpoint": found, "form": form, "page": page}
    return render(request, "nurturing/webhook.html", context, status=422 if form.is_bound else 200)


@roles("marketer")
@require_POST
def secret(request: HttpRequest, pk: int) -> HttpResponse:
    """Shown once it is asked for; never in a page that is merely looked at. `new` makes another one."""
    found = _endpoint(request, pk)
    if request.POST.get("new"):
        webhooks.rotate(found)
        found.refresh_from_db()
    try:
        shown = webhooks.secret_of(found)
    except Unreadable as error:
        messages.error(request, f"The secret cannot be shown. {error}")
        return redirect("nurturing:webhook", pk)
    answer = render(request, "nurturing/webhook_secret.html", {"endpoint": found, "secret": shown})
    answer["Cache-Control"] = "no-store"
    return answer


@roles("marketer")
@require_POST
def call_again(request: HttpRequest, pk: int, call_id: UUID) -> HttpResponse:
    found = _endpoint(request, pk)
    call = get_object_or_404(WebhookCall, pk=call_id, endpoint=found)
    if webhooks.send_again(call_id=call.pk):
        messages.success(request, "It is tried again now.")
    else:
        messages.error(request, "Nothing was changed: only calls that were given up are tried again.")
    return redirect("nurturing:webhook", pk)


def _endpoint(request: HttpRequest, pk: int) -> WebhookEndpoint:
    rows: Any = WebhookEndpoint.objects.visible_to(request.user)
    return get_object_or_404(rows, pk=pk)
