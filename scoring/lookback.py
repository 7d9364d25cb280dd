"""As at which instant a score is asked for, and by which version it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from django.utils import timezone
from django.utils.dateparse import parse_date

from leads.models import Activity, Lead
from scoring.days import day_of, home, today
from scoring.facts import EPOCH
from scoring.models import ModelVersion

NOW = "now"  # in the address: the version in force now, instead of the one in force then


@dataclass(frozen=True)
class Lookback:
    """`moment` is None for now. `version` is the one that tells; `then` was in force at the moment, or scored the lead
    last when it is now.
    """

    moment: datetime | None
    problem: str
    version: ModelVersion | None
    then: ModelVersion | None
    current: ModelVersion | None

    @property
    def may_choose(self) -> bool:
        return self.then is not None and self.current is not None and self.then != self.current

    @property
    def day(self) -> date | None:
        """The day that was asked for, whatever the zone of the reader."""
        return self.moment.date() if self.moment else None

    @property
    def query(self) -> str:
        """The address of the same view again."""
        day = {"as_of": self.day.isoformat()} if self.day else {}
        choice = {"version": NOW} if self.may_choose and self.version == self.current else {}
        return urlencode({**day, **choice})


def read(lead: Lead, asked: Mapping[str, str]) -> Lookback:
    moment, problem = _as_of(asked.get("as_of", ""))
    current = ModelVersion.objects.published()
    then = ModelVersion.objects.in_force_at(moment) if moment else scored_by(lead) or current
    told = current if asked.get("version") == NOW else then or current
    return Lookback(moment, problem, told, then, current)


def scored_by(lead: Lead) -> ModelVersion | None:
    """The version that the score shown elsewhere is true under; None before the first score. A score that came out the
    same when everybody was scored anew still names an older version, and yet the line and the road are of the newer.
    """
    return ModelVersion.objects.teller()(lead.score.version) if hasattr(lead, "score") else None


def _as_of(text: str) -> tuple[datetime | None, str]:
    """The end of that day in the zone of the organisation; a future day is today, and a wrong one is named."""
    if not text:
        return None, ""
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None:
        return None, f"“{text[:40]}” is not a date. Today is shown; write a date as 2026-11-17."
    if day.year < EPOCH.year:
        return None, f"Nothing is known of {text[:40]}. Today is shown; the first day is 1 January 1970."
    end = datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=home())
    return (end, "") if end < timezone.now() else (None, "")


@dataclass(frozen=True)
class Life:
    """The days that can be looked back to, for a slider: day 0 is the first."""

    first: date
    days: int
    day: int


def life_of(lead: Lead, moment: datetime | None) -> Life:
    """From the first thing the lead did, or its creation, until today."""
    oldest = (
        Activity.objects.filter(lead_id=lead.pk).order_by("occurred_at").values_list("occurred_at", flat=True)
    )
    born = min([lead.created_at, *oldest[:1]])
    now = today()
    first = max(day_of(born), now - timedelta(days=3650))
    shown = day_of(moment) if moment else now
    days = max((now - first).days, 1)
    return Life(first, days, min(max((shown - first).days, 0), days))
