"""A draft of the demo company and its backtest, which the worker runs once everything else is there."""

from __future__ import annotations

from typing import Any

from accounts.models import User
from scoring.models import Backtest, ModelVersion, Rule
from scoring.services.backtests import start_backtest
from scoring.services.versions import create_draft


def load(**_told: Any) -> str:
    marketer = User.objects.filter(role="marketer").order_by("pk").first()
    draft = create_draft(actor=marketer, note="Webinars count for less, downloads for more")
    for key, points in (("webinar-attended", 8), ("download", 7), ("careers", -30)):
        Rule.objects.filter(version=draft, key=key).update(points=points)
    against = ModelVersion.objects.published()
    made = start_backtest(
        version=draft, against=against, actor=marketer, outcome=Backtest.Outcome.ACCEPTED, capacity=12
    )
    return f"draft {draft.number} with backtest {made.pk}"
