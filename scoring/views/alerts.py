"""What was watched for and happened, newest first."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from leads.keyset import Order, page_of
from scoring import watching
from scoring.models import Alert, Watch

NEWEST = Order(key="newest", label="Newest first", columns=("pk",))


@login_required
@require_GET
def alerts(request: HttpRequest) -> HttpResponse:
    watch = _watch(request.GET.get("watch", ""))
    found = Alert.objects.visible_to(request.user).select_related("watch", "lead__company")
    page = page_of(found.filter(watch=watch) if watch else found, NEWEST, request.GET.get("page", ""))
    sentences = _sentences(page.rows)
    context = {
        "rows": [(alert, sentences[alert.watch_id]) for alert in page.rows],
        "watch": watch,
        "sentence": watching.in_words(watch) if watch else "",
        "watches": Watch.objects.enabled().order_by("name"),
        "next_url": _url(watch, page.next),
        "previous_url": _url(watch, page.previous),
    }
    return render(request, "scoring/alerts.html", context)


def _watch(pk: str) -> Watch | None:
    if not pk:
        return None
    found = Watch.objects.filter(pk=pk).first() if pk.isdecimal() and len(pk) < 19 else None
    if found is None:
        raise Http404
    return found


def _sentences(rows: list[Any]) -> dict[int, str]:
    """Each watch is put into words once."""
    return {
        watch.pk: watching.in_words(watch) for watch in {row.watch_id: row.watch for row in rows}.values()
    }


def _url(watch: Watch | None, cursor: str) -> str:
    chosen = f"watch={watch.pk}&" if watch else ""
    return f"{reverse('scoring:alerts')}?{chosen}page={cursor}" if cursor else ""
