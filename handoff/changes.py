"""What is new about a lead since sales last said no: the lines of its score, what it did, its fields."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from handoff.models import Handoff
from leads.fields import all_fields, columns, values_as_of
from leads.models import Activity, Lead
from scoring.explain import Explanation, NothingPublished, explain
from scoring.models import QualificationCycle

SHOWN = 6


@dataclass(frozen=True)
class LineChange:
    name: str
    before: int
    after: int

    @property
    def change(self) -> int:
        return self.after - self.before


@dataclass(frozen=True)
class FieldChange:
    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Changes:
    """`rejection` is the last no, or None when marketing ended the cycle itself."""

    since: datetime
    rejection: Handoff | None
    reason: str
    before: int | None = None
    after: int | None = None
    lines: list[LineChange] = field(default_factory=list)
    fields: list[FieldChange] = field(default_factory=list)
    activities: list[Activity] = field(default_factory=list)
    more: bool = False

    @property
    def nothing(self) -> bool:
        return not (self.lines or self.fields or self.activities)


def changes_of(lead: Lead) -> Changes | None:
    """None for a lead that sales never sent back."""
    found = _last_no(lead)
    if found is None:
        return None
    since, rejection, reason = found
    news = Activity.objects.filter(lead=lead, occurred_at__gt=since).select_related("shape")
    activities = list(news.exclude(shape__kind="score_lowered").newest_first()[: SHOWN + 1])
    before, after, lines = _scores(lead, since)
    return Changes(
        since,
        rejection,
        reason,
        before,
        after,
        lines,
        _fields(lead, since),
        activities[:SHOWN],
        len(activities) > SHOWN,
    )


def _last_no(lead: Lead) -> tuple[datetime, Handoff | None, str] | None:
    no = Handoff.objects.filter(lead=lead, rejected_at__isnull=False).select_related("rep", "reject_reason")
    rejection = no.order_by("-rejected_at").first()
    ended = QualificationCycle.objects.filter(lead=lead, closed_at__isnull=False).order_by("-n").first()
    if rejection is not None and rejection.rejected_at is not None:
        reason = f"{rejection.reject_reason}{': ' if rejection.answer_note else ''}{rejection.answer_note}"
        return rejection.rejected_at, rejection, reason.rstrip(".")
    if ended is not None and ended.closed_at is not None:
        return ended.closed_at, None, ended.outcome_reason.rstrip(".")
    return None


def _scores(lead: Lead, since: datetime) -> tuple[int | None, int | None, list[LineChange]]:
    """Both by the version in force now, so that only the lead has changed and not the rules."""
    try:
        then, now = explain(lead, as_of=since), explain(lead)
    except NothingPublished:
        return None, None, []
    before, after = _points(then), _points(now)
    changes = [
        LineChange(name, before.get(name, 0), after.get(name, 0)) for name in dict.fromkeys([*after, *before])
    ]
    different = [change for change in changes if change.change]
    return then.result.total, now.result.total, sorted(different, key=lambda c: -abs(c.change))[:SHOWN]


def _points(found: Explanation) -> dict[str, int]:
    points: dict[str, int] = {}
    for line in found.lines:
        name = line.name if line.kind == "rule" else f"{line.name}, limit"
        points[name] = points.get(name, 0) + line.points
    return points


def _fields(lead: Lead, since: datetime) -> list[FieldChange]:
    then = values_as_of(lead, since)
    now = {key: column[0] for key, column in columns([lead.pk]).items()}
    known = all_fields()
    changed = [key for key in known if key in now | then and _text(then.get(key)) != _text(now.get(key))]
    return [
        FieldChange(known[key].label, _text(then.get(key)), _text(now.get(key))) for key in changed[:SHOWN]
    ]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)


def been_here(lead: Lead) -> bool:
    """Whether sales or marketing ended something with this lead before; one query."""
    ended = QualificationCycle.objects.filter(lead=lead, closed_at__isnull=False).values("pk")
    said_no = Handoff.objects.filter(lead=lead, rejected_at__isnull=False, settles_at=None).values("pk")
    return ended.union(said_no, all=True).exists()
