"""Promises as a page, and the clocks behind each number."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from handoff import keyset
from reports import promises
from reports.asked import Asked
from reports.promises import HOW, KINDS, WAYS
from reports.views import ask, readers, shell

NEWEST = (keyset.By("due_at", descending=True), keyset.By("pk", descending=True))


@readers
@require_GET
def promises_page(request: HttpRequest) -> HttpResponse:
    asked, zone, now = ask(request)
    over = _one_of(request, "over", WAYS, "team")
    clocks = promises.due(request.user, asked, zone, now)
    kept = promises.in_all(clocks)
    context = {
        "kept": [(each, {how: _behind(asked, each.kind, how) for how in HOW}) for each in kept],
        "kinds": KINDS.values(),
        "lines": [_line(asked, over, line) for line in promises.grouped(clocks, over, zone)] if kept else [],
        "over": WAYS[over],
        "overs": [_way(asked, way, name, over) for way, name in WAYS.items()],
        "system": promises.system_delay(request.user, asked, zone),
        "sample": promises.SAMPLE,
    }
    return render(request, "reports/promises.html", shell("reports:promises", asked) | context)


@readers
@require_GET
def clocks_page(request: HttpRequest) -> HttpResponse:
    asked, zone, now = ask(request)
    kind, how = _one_of(request, "kind", KINDS, "accept"), _one_of(request, "how", HOW, "broken")
    over, key = _one_of(request, "over", WAYS, ""), request.GET.get("key", "").replace("\x00", "")[:150]
    clocks = promises.due(request.user, asked, zone, now).filter(HOW[how][1], kind=kind)
    clocks = promises.of_group(clocks, over, key, zone) if over else clocks
    related = clocks.select_related("cycle__lead__company", "handoff__rep")
    page = keyset.page(related, NEWEST, cursor=request.GET.get("after", ""), size=50)
    group = f"; {promises.label(over, key)}" if over else ""
    url = _behind(asked, kind, how, **({"over": over, "key": key} if over else {}))
    context = {
        "title": f"{KINDS[kind][0]}: {HOW[how][0]}{group}",
        "rows": page.rows,
        "back_url": f"{reverse('reports:promises')}?{asked.query()}",
        "next_url": page.next and f"{url}&{urlencode({'after': page.next})}",
        "previous_url": page.previous and f"{url}&{urlencode({'after': page.previous})}",
    }
    return render(request, "reports/clocks.html", context)


def _one_of(request: HttpRequest, name: str, known: Any, usual: str) -> str:
    value = request.GET.get(name, "")
    return value if value in known else usual


def _behind(asked: Asked, kind: str, how: str, **more: Any) -> str:
    return f"{reverse('reports:clocks')}?{asked.query(kind=str(kind), how=how, **more)}"


def _way(asked: Asked, way: str, name: str, over: str) -> dict[str, Any]:
    return {"url": f"?{asked.query(over=way)}", "label": name, "current": way == over}


def _line(asked: Asked, over: str, line: promises.Line) -> dict[str, Any]:
    of = {"over": over, "key": line.key}
    return {
        "label": line.label,
        "kept": [
            (rate, _behind(asked, kind, "kept", **of), _behind(asked, kind, "due", **of))
            for kind, rate in line.kept
        ],
    }
