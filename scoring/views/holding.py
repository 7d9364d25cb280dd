"""The hold queue: leads a publication brought across the line, before they become MQLs."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts.access import roles
from scoring.held import VIEWS, Page, page_of
from scoring.models import HeldLead
from scoring.services import draining, holding

MOST = 200  # at once; each is looked at by the oracle
see_held = roles("marketer", "manager")


@see_held
@require_GET
def held(request: HttpRequest) -> HttpResponse:
    return _page(request)


@see_held
@require_POST
def release(request: HttpRequest) -> HttpResponse:
    opened, left = draining.release(held_ids=_chosen(request), actor=request.user)
    said = f"{opened} {'lead is an MQL' if opened == 1 else 'leads are MQLs'} now."
    if left:
        said += f" {left} could not be: see Settled for the reason."
    messages.success(request, said)
    return _back(request)


@see_held
@require_POST
def dismiss(request: HttpRequest) -> HttpResponse:
    ids = _chosen(request)
    try:
        done = holding.dismiss(held_ids=ids, reason=request.POST.get("reason", ""), actor=request.user)
    except holding.ReasonMissing as error:
        return _page(
            request, chosen=ids, error=f"{error} Nobody was dismissed, and your choice is still ticked."
        )
    messages.success(request, f"{done} dismissed. They return when they do something newer.")
    return _back(request)


def _back(request: HttpRequest) -> HttpResponse:
    view = request.GET.get("view", "")
    return redirect(
        f"{reverse('scoring:held')}?{urlencode({'view': view})}" if view in VIEWS else "scoring:held"
    )


def _page(request: HttpRequest, *, chosen: list[int] | None = None, error: str = "") -> HttpResponse:
    page = page_of(request.user, view=request.GET.get("view", ""), after=_number(request.GET.get("after")))
    context = {
        "page": page,
        "chosen": chosen or [],
        "error": error,
        "acts": page.view != "settled",
        "label": VIEWS[page.view][0],
        "empty": VIEWS[page.view][1:],
        "tabs": _tabs(page),
    }
    return render(request, "scoring/held.html", context, status=422 if error else 200)


def _tabs(page: Page) -> list[dict[str, Any]]:
    return [
        {"url": f"?view={name}", "label": words[0], "current": name == page.view, "count": page.counts[name]}
        for name, words in VIEWS.items()
    ]


def _chosen(request: HttpRequest) -> list[int]:
    """Ticked rows that this person may see."""
    ids = {pk for pk in map(_number, request.POST.getlist("held")) if pk is not None}
    found = HeldLead.objects.visible_to(request.user).filter(pk__in=ids).values_list("pk", flat=True)
    if not ids or len(ids) > MOST or len(found) < len(ids):
        raise Http404
    return list(found)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 19 else None
