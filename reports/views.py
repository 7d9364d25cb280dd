"""The reports as pages and as files, for marketing, sales managers and admins."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.access import roles
from accounts.models import Organisation
from handoff.clock import database_now
from leads.spreadsheets import csv_lines
from reports import behind, files, funnel, links, stays
from reports.asked import Asked
from reports.shown import funnel_context, list_context

readers = roles("marketer", "manager")


def ask(request: HttpRequest) -> tuple[Asked, str, Any]:
    """What is asked for, the organisation's time zone, and the one instant of this page."""
    zone, now = Organisation.current().time_zone, database_now()
    return Asked.of(request.GET.dict(), now.astimezone(ZoneInfo(zone)).date()), zone, now


@readers
@require_GET
def funnel_page(request: HttpRequest) -> HttpResponse:
    asked, zone, now = ask(request)
    report = funnel.report(asked, zone, now)
    return render(request, "reports/funnel.html", shell("reports:funnel", asked) | funnel_context(report))


@readers
@require_GET
def funnel_file(request: HttpRequest) -> HttpResponse:
    asked, zone, now = ask(request)
    return download("funnel.csv", files.funnel_rows(funnel.report(asked, zone, now)))


@readers
@require_GET
def flow_page(request: HttpRequest) -> HttpResponse:
    asked, zone, now = ask(request)
    context = {"flow": stays.flow(asked, zone, now), "moves": stays.MOVES, "outcomes": stays.OUTCOMES}
    return render(request, "reports/flow.html", shell("reports:flow", asked) | context)


@readers
@require_GET
def behind_page(request: HttpRequest) -> HttpResponse:
    asked, zone, now = ask(request)
    which = behind.Which.of(request.GET.dict(), asked)
    entries, following = behind.page(request.user, asked, which, zone, now, request.GET.get("after", ""))
    context = list_context(asked, which, entries, following, bool(request.GET.get("after")))
    return render(request, "reports/behind.html", context)


@readers
@require_GET
def behind_file(request: HttpRequest) -> HttpResponse:
    asked, zone, now = ask(request)
    which = behind.Which.of(request.GET.dict(), asked)
    entries = behind.every(request.user, asked, which, zone, now)
    return download("leads.csv", files.entry_rows(entries, zone))


def shell(name: str, asked: Asked) -> dict[str, Any]:
    """What every report has around it: tabs, period, filters."""
    menus = links.menus()
    return {
        "asked": asked,
        "tabs": links.tabs(name, asked),
        "fields": links.filters(asked, menus),
        "chips": links.chips(asked, menus),
        "query": asked.query(),
    }


def download(name: str, rows: Iterable[Iterable[Any]]) -> HttpResponse:
    response = StreamingHttpResponse(csv_lines(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return cast(HttpResponse, response)
