"""Links among reports: the same question with one word changed, and the leads behind each number."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from accounts.models import Team
from nurturing.models import Segment
from reports.asked import AGES, DAYS, NONE, STAGES, UNITS, Asked
from reports.words import STAGE_WORDS
from scoring.models import ModelVersion

TABS = (("reports:funnel", "Funnel"), ("reports:flow", "In and out"), ("reports:promises", "Promises"))
WAY_WORDS = {
    "source": "Source",
    "campaign": "Campaign",
    "segment": "Segment",
    "industry": "Industry",
    "version": "Scoring version",
    "team": "Team",
}
CHOICES = 200  # of a menu


def tabs(current: str, asked: Asked) -> list[dict[str, Any]]:
    return [
        {"url": f"{reverse(name)}?{asked.query()}", "label": label, "current": name == current, "count": None}
        for name, label in TABS
    ]


def segmented(asked: Asked) -> list[tuple[str, list[dict[str, Any]]]]:
    """Landmark and links: who is counted, which goal, at which age."""
    goals = [
        ({"goal": goal, "days": DAYS[goal]}, STAGE_WORDS[goal][0], goal == asked.goal) for goal in STAGES
    ]
    ages = [({"days": age}, str(age), age == asked.days) for age in sorted({*AGES, asked.days})]
    units = [({"unit": unit}, label, unit == asked.unit) for unit, label in UNITS.items()]
    found = (("Who is counted", units), ("Goal", goals), ("Within how many days", ages))
    return [(name, [_link(asked, *each) for each in links]) for name, links in found]


def ways(asked: Asked) -> list[dict[str, Any]]:
    return [_link(asked, {"by": way}, label, way == asked.by) for way, label in WAY_WORDS.items()]


def _link(asked: Asked, change: dict[str, Any], label: str, current: bool) -> dict[str, Any]:
    return {"url": f"?{asked.query(**change)}", "label": label, "current": current, "count": None}


def behind(asked: Asked, stage: str, how: str = "so_far", **more: Any) -> str:
    """The list of the leads that a number counts."""
    said = {**asked.values(), "stage": stage, "how": how, **more}
    return f"{reverse('reports:behind')}?{urlencode(said)}"


def menus() -> dict[str, list[tuple[str, str]]]:
    """What can be chosen; sources, campaigns and industries are typed, there may be any number."""
    segments = Segment.objects.order_by("name").values_list("pk", "name")[:CHOICES]
    versions = (
        ModelVersion.objects.exclude(state="draft").order_by("-number").values_list("number", flat=True)
    )
    teams = Team.objects.order_by("name", "pk").values_list("pk", "name")[:CHOICES]
    return {
        "segment": [(str(pk), name) for pk, name in segments],
        "version": [(str(number), f"Version {number}") for number in versions[:CHOICES]],
        "team": [*((str(pk), name) for pk, name in teams), (NONE, "No team")],
    }


def filters(asked: Asked, menus: dict[str, list[tuple[str, str]]]) -> list[dict[str, Any]]:
    """The fields of the form, each with what is set now."""
    return [
        {"name": way, "label": label, "value": asked.filters.get(way, ""), "choices": menus.get(way)}
        for way, label in WAY_WORDS.items()
    ]


def chips(asked: Asked, menus: dict[str, list[tuple[str, str]]]) -> list[dict[str, str]]:
    found = []
    for way, value in asked.filters.items():
        words = dict(menus.get(way, ())).get(value, "Not known" if value == NONE else value)
        found.append({"label": WAY_WORDS[way], "value": words, "url": f"?{asked.query(**{way: ''})}"})
    return found
