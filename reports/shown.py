"""What the templates of the funnel and of the lists are told, with a link behind each number."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from reports import links
from reports.asked import DAYS, Asked
from reports.behind import ARRIVED, FLOW, Entry, Which
from reports.funnel import Funnel, Group, Month, Stage
from reports.rates import FEW
from reports.stays import MOVES, OUTCOMES, PLACES
from reports.words import ESTIMATE, MATURE, REACHED, STAGE_WORDS, UNIT_WORDS, rate_words

HEAT = (0.05, 0.1, 0.15, 0.2, 0.3)  # where a darker step begins
COLUMNS = ("handed", "accepted", "sql", "opp", "won")


def funnel_context(report: Funnel) -> dict[str, Any]:
    asked = report.asked
    return {
        "report": report,
        "goal": STAGE_WORDS[asked.goal][0],
        "few": FEW,
        "switches": links.segmented(asked),
        "ways": links.ways(asked),
        "way": links.WAY_WORDS[asked.by],
        "unit_words": UNIT_WORDS[asked.unit][1],
        "rate_words": rate_words(asked.goal, asked.days),
        "estimate_words": ESTIMATE,
        "mature_words": MATURE.format(days=asked.days),
        "reached_words": REACHED,
        "columns": [(key, *STAGE_WORDS[key]) for key in COLUMNS],
        "ages": [age for age, _ in report.months[0].ages],
        "stages": [_stage(asked, stage) for stage in report.stages],
        "months": [_month(asked, month) for month in report.months],
        "groups": [_group(asked, group) for group in report.groups],
        "whole": _behind_rate(asked, asked.goal, asked.days),
        "all_url": links.behind(asked, "mql"),
    }


def _behind_rate(asked: Asked, stage: str, days: int, **more: Any) -> dict[str, str]:
    return {
        "mature": links.behind(asked, "mql", "mature", age=days, **more),
        "part": links.behind(asked, stage, "in_time", age=days, **more),
    }


def _stage(asked: Asked, stage: Stage) -> dict[str, Any]:
    found: dict[str, Any] = {"stage": stage, "url": links.behind(asked, stage.key)}
    if stage.rate is not None:
        found |= _behind_rate(asked, stage.key, stage.days)
    if stage.key == ARRIVED:
        found["mature"] = links.behind(asked, ARRIVED, "mature")
    return found


def _month(asked: Asked, month: Month) -> dict[str, Any]:
    of = {"way": "month", "key": month.key}
    heat = [(rate, _heat(rate.value), _behind_rate(asked, asked.goal, age, **of)) for age, rate in month.ages]
    return {
        "month": month,
        "url": links.behind(asked, "mql", **of),
        "goal_url": links.behind(asked, asked.goal, **of),
        "heat": heat,
        **_behind_rate(asked, asked.goal, asked.days, **of),
    }


def _heat(value: float | None) -> str:
    return "" if value is None else f"q{sum(value >= bound for bound in HEAT)}"


def _group(asked: Asked, group: Group) -> dict[str, Any]:
    of = {"way": asked.by, "key": group.key}
    return {
        "group": group,
        "url": links.behind(asked, "mql", **of),
        "counts": [(group.reached[key], links.behind(asked, key, **of)) for key in COLUMNS],
        **_behind_rate(asked, asked.goal, asked.days, **of),
    }


def list_context(
    asked: Asked, which: Which, entries: list[Entry], following: str, further: bool
) -> dict[str, Any]:
    same = {
        **asked.values(),
        "stage": which.stage,
        "how": which.how,
        "age": which.age,
        "way": which.way,
        "key": which.key,
    }
    back = reverse("reports:flow" if which.way == FLOW else "reports:funnel")
    here = reverse("reports:behind")
    return {
        "title": title(asked, which),
        "entries": entries,
        "arrived": which.stage == ARRIVED,
        "back_url": f"{back}?{asked.query()}",
        "file_url": f"{reverse('reports:behind_file')}?{urlencode(same)}",
        "next_url": f"{here}?{urlencode({**same, 'after': following})}" if following else "",
        "first_url": f"{here}?{urlencode(same)}" if further else "",
        "outcomes": OUTCOMES,
    }


def title(asked: Asked, which: Which) -> str:
    """As in: SQL within 30 days, of those old enough; became MQL Jul 2026."""
    if which.way == FLOW:
        words = f"{PLACES[which.stage][0]}, {MOVES[which.how].lower()}"
        return f"{words}: {OUTCOMES[which.key].lower()}" if which.key else words
    label = STAGE_WORDS[which.stage][0]
    days = which.age if which.stage != ARRIVED else DAYS["opp"]
    how = {"so_far": "", "mature": f", at least {days} days ago", "in_time": f" within {days} days"}[
        which.how
    ]
    if which.stage == ARRIVED and which.how == "in_time":
        label = "Leads that became MQL"
    group = (
        f"; {links.WAY_WORDS.get(which.way, 'Month').lower()} {which.key or 'not known'}" if which.way else ""
    )
    return f"{label}{how}{group}"
