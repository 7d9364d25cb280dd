"""Reports as rows of a file, with the numbers as they are and what they mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from reports.behind import Entry
from reports.funnel import Funnel
from reports.links import WAY_WORDS
from reports.rates import Rate
from reports.words import STAGE_WORDS, UNIT_WORDS, rate_words

INSTANTS = ("at", "handed_at", "accepted_at", "sql_at", "opp_at", "won_at", "ended_at")


def funnel_rows(report: Funnel) -> Iterator[list[Any]]:
    asked = report.asked
    goal = STAGE_WORDS[asked.goal][0]
    numbers = [f"{goal} so far", "Mature", f"{goal} in time", "Share", "From", "To"]
    yield ["Counted", UNIT_WORDS[asked.unit][1]]
    yield ["Share", rate_words(asked.goal, asked.days)]
    yield []
    yield ["Month", "All", *numbers, "Estimate", "From", "To"]
    for month in report.months:
        guess = month.estimate
        estimated = [round(n, 4) for n in (guess.value, guess.low, guess.high)] if guess else ["", "", ""]
        yield [month.label, month.rate.whole, month.goal, *_share(month.rate), *estimated]
    yield []
    yield [WAY_WORDS[asked.by], "All", *numbers]
    for group in report.groups:
        yield [group.label, group.total, group.reached[asked.goal], *_share(group.rate)]


def _share(rate: Rate) -> list[Any]:
    """Mature, in time, share and interval; empty cells where no share is shown."""
    if rate.value is None:
        return [rate.mature, rate.part, "", "", ""]
    return [rate.mature, rate.part, *(round(number, 4) for number in (rate.value, *rate.interval))]


def entry_rows(entries: Iterable[Entry], zone: str) -> Iterator[list[Any]]:
    yield [
        "Lead",
        "Company",
        "E-mail",
        "Time",
        "Since",
        "Handed off",
        "Accepted",
        "SQL",
        "Deal",
        "Won",
        "Ended",
        "Outcome",
    ]
    for entry in entries:
        lead = entry.lead
        company = lead.company.name if lead.company else ""
        instants = [_written(getattr(entry, name), zone) for name in INSTANTS]
        yield [lead.name, company, lead.email or "", entry.n or "", *instants, entry.outcome]


def _written(moment: datetime | None, zone: str) -> str:
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M") if moment else ""
