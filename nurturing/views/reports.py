"""What came of a campaign: the report, the same as a file, and the people behind each number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.text import slugify
from django.views.decorators.http import require_GET

from accounts.access import roles
from leads.spreadsheets import csv_lines
from nurturing import cohorts, drawing, figures, reporting
from nurturing.models import Campaign, Message, Step
from nurturing.pages import page
from nurturing.views.editor import STATE_TONES
from nurturing.views.finding import found_campaign, tabs

HEADER = ("Part", "What", "Number", "Of", "Share", "Low (95%)", "High (95%)")


@roles("marketer")
@require_GET
def report(request: HttpRequest, pk: int) -> HttpResponse:
    campaign = found_campaign(request, pk)
    version = cohorts.version_of(request.GET)
    found = reporting.report(campaign, version)
    doubtful = Message.objects.in_doubt().filter(enrolment__campaign=campaign)
    context = {
        "campaign": campaign,
        "tone": STATE_TONES[campaign.state],
        "report": found,
        "version_number": version,
        "columns": reporting.COLUMNS,
        "bars": drawing.bars([sent for _, sent in found.days]),
        "doubtful": doubtful.select_related("enrolment__lead", "step").order_by("pk")[:50],
        "trouble": figures.trouble(),
        "tabs": tabs(campaign, "report"),
    }
    return render(request, "nurturing/report.html", context)


@roles("marketer")
@require_GET
def export(request: HttpRequest, pk: int) -> Any:
    """Every number of the report with its base, its share and its interval."""
    campaign = found_campaign(request, pk)
    found = reporting.report(campaign, cohorts.version_of(request.GET))
    answer = StreamingHttpResponse(csv_lines(_rows_of(found)), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = (
        f'attachment; filename="{slugify(campaign.name) or "campaign"}-report.csv"'
    )
    answer["Cache-Control"] = "no-store"
    return answer


def _rows_of(found: reporting.Report) -> Iterator[list[Any]]:
    """Shares and intervals as numbers, from as many people on as the page says them."""
    yield list(HEADER)
    for part, label, number, share in reporting.lines(found):
        values: tuple[float | None, ...] = (None, None, None)
        if share is not None and share.whole and share.sure:
            values = (share.value, *share.interval)
        cells = [None if value is None else round(value, 4) for value in values]
        yield [part, label, number, share.whole if share is not None and share.whole else None, *cells]


@roles("marketer")
@require_GET
def people(request: HttpRequest, pk: int) -> HttpResponse:
    campaign, it = found_campaign(request, pk), cohorts.asked(request.GET)
    context = {
        "campaign": campaign,
        "tone": STATE_TONES[campaign.state],
        "page": page(request, _people(request, campaign, it), 50),
        "asked": it,
        "held_out": it.what == cohorts.HELD_OUT,
        "about": _about(campaign, it),
        "choices": cohorts.CHOICES,
        "tabs": tabs(campaign, "people"),
    }
    return render(request, "nurturing/people.html", context)


def _people(request: HttpRequest, campaign: Campaign, it: cohorts.Asked) -> Any:
    """Those held out have no run: what kept them out is listed instead."""
    if it.what == cohorts.HELD_OUT:
        return campaign.held_out.select_related("lead__company")
    runs: Any = cohorts.runs(campaign, it)
    return runs.visible_to(request.user).select_related("lead__company", "version", "step")


def _about(campaign: Campaign, it: cohorts.Asked) -> str:
    """Which mail and version the list is narrowed to, in words; empty when it is not."""
    words = [f"version {it.version}"] if it.version is not None else []
    if it.mail is not None and it.what in cohorts.MAILS:
        mails = Step.objects.filter(version__campaign=campaign, key=it.mail).order_by("-version__number")
        subject = mails.values_list("subject", flat=True).first()
        words.insert(0, f"the mail “{(subject or 'no subject')[:80]}”")
    return ", ".join(words)
