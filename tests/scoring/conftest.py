"""A small published definition, leads, and what they did; everything through the real services."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.utils import timezone

from leads.models import Lead
from leads.services.activities import record_activity
from scoring.models import ModelVersion
from scoring.services.versions import create_from, publish

GROUPS = [
    {"key": "fit", "name": "Fit", "axis": "fit", "minimum": -40, "maximum": 40},
    {"key": "intent", "name": "Intent", "axis": "engagement", "minimum": -60, "maximum": 60},
]
DIRECTOR = {
    "key": "director",
    "name": "Director",
    "group": "fit",
    "subject": "fit",
    "points": 20,
    "conditions": [{"field": "title", "op": "contains_word", "value": ["director"]}],
}
PRICING = {
    "key": "pricing",
    "name": "Pricing page, more than 2 times in 7 days",
    "group": "intent",
    "subject": "behaviour",
    "activity": "page_view",
    "points": 30,
    "n": 3,
    "window_hours": 168,
    "conditions": [{"field": "path", "op": "is", "value": "/pricing"}],
}
DEMO = {
    "key": "demo",
    "name": "Asked for a demo",
    "group": "intent",
    "subject": "behaviour",
    "activity": "demo_request",
    "effect": "critical",
    "window_hours": 720,
}
SETTINGS = {"threshold": 50, "fit_floor": 10, "margin": 5}


@pytest.fixture
def published(db: None) -> ModelVersion:
    """Line 50: a director (20) who looks at prices three times in a week (30) just reaches it."""
    draft = create_from(groups=GROUPS, rules=[DIRECTOR, PRICING, DEMO], note="For the tests", **SETTINGS)
    return publish(version=draft)


@pytest.fixture
def make_lead(db: None) -> Callable[..., Lead]:
    number = count(1)

    def make(**fields: Any) -> Lead:
        defaults = {
            "email": f"lead{next(number)}@acme.example",
            "title": "Director",
            "created_at": timezone.now(),
        }
        return Lead.objects.create(**{**defaults, **fields})

    return make


@pytest.fixture
def did() -> Callable[..., None]:
    """`did(lead, "page_view", days_ago=1, path="/pricing")`."""

    def record(
        lead: Lead, kind: str, *, days_ago: float = 0, at: datetime | None = None, **props: Any
    ) -> None:
        moment = at or timezone.now() - timedelta(days=days_ago, seconds=1)
        record_activity(lead=lead, kind=kind, occurred_at=moment, props=props)

    return record


@pytest.fixture
def keen(make_lead: Callable[..., Lead], did: Callable[..., None]) -> Lead:
    """A director who looked at prices three times this week."""
    lead = make_lead()
    for days in (3, 2, 1):
        did(lead, "page_view", days_ago=days, path="/pricing")
    return lead
