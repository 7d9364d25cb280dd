"""Why a lead has its score, now or at any date: the oracle's lines, which add up to the total by construction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from leads.fields import all_fields, columns, values_as_of
from leads.models import Disqualification, Lead
from scoring import facts
from scoring.course import Course
from scoring.definition import model_of, published
from scoring.explanation import Line, explain_course
from scoring.language import Model
from scoring.models import ModelVersion
from scoring.rows import database_now
from scoring.rules import Score


@dataclass(frozen=True)
class ScorePill:
    """As much of a score as the pill shows; a Score row has the same names."""

    total: int
    band: str
    level: int


@dataclass(frozen=True)
class Explanation:
    """A score with everything behind it. `result` is the oracle's; `lines` sum to `result.total`."""

    version: ModelVersion
    model: Model
    as_of: datetime
    result: Score
    lines: tuple[Line, ...]
    excluded_because: str
    course: Course

    @property
    def qualified(self) -> bool:
        return self.result.qualifies and not self.excluded_because

    @property
    def missing_points(self) -> int:
        return max(self.model.threshold - self.result.total, 0)

    @property
    def pill(self) -> ScorePill:
        level = 4 if self.result.total >= 80 else 3 if self.result.total >= 70 else 2 if self.qualified else 1
        return ScorePill(self.result.total, self.result.band, level)

    def reasons(self, most: int = 3) -> list[str]:
        """The few strongest lines in words: what a queue shows as "why now"."""
        decisive = [line for line in self.lines if line.rule and line.rule == self.result.critical]
        strong = sorted((line for line in self.lines if line.points > 0), key=lambda line: -line.points)
        return [line.name for line in dict.fromkeys([*decisive, *strong])][:most]


class NothingPublished(Exception):
    """There is no published scoring version yet, so nobody has a score."""


def explain(lead: Lead, as_of: datetime | None = None, version: ModelVersion | None = None) -> Explanation:
    """The score of `lead` as of an aware instant (now by the database's clock when left out).

    Raises NothingPublished.
    """
    version, model = (version, model_of(version)) if version else published() or (None, None)
    if version is None or model is None:
        raise NothingPublished("No scoring version has been published yet.")
    moment = as_of or database_now()
    fields = values_as_of(lead, moment) if as_of else _fields_now(lead)
    known, history = facts.that_matter(lead.pk, model, moment)
    course = Course.of(model, known, history, fields, facts.microseconds(moment))
    found = explain_course(course, labels())
    return Explanation(version, model, moment, found.score, found.lines, _excluded(lead, moment), course)


def labels() -> dict[str, str]:
    """What people call the fields, the company's own included."""
    return {key: field.label.lower() for key, field in all_fields().items()}


def _fields_now(lead: Lead) -> dict[str, Any]:
    return {key: column[0] for key, column in columns([lead.pk]).items()}


def _excluded(lead: Lead, moment: datetime) -> str:
    found = Disqualification.objects.filter(lead=lead, at__lte=moment).first()
    return found.reason if found else ""


def newest_evidence(explanation: Explanation) -> datetime | None:
    """The newest activity that helped: that gave points or decided at once. None when only fields did."""
    helping = [
        line.newest_at
        for line in explanation.lines
        if line.newest_at and (line.points > 0 or line.rule == explanation.result.critical)
    ]
    return facts.instant(max(helping)) if helping else None


def critical_evidence(explanation: Explanation) -> datetime | None:
    """When the lead last did what qualifies at once; None when no such rule decided."""
    decisive = [
        line.newest_at
        for line in explanation.lines
        if line.newest_at and line.rule and line.rule == explanation.result.critical
    ]
    return facts.instant(max(decisive)) if decisive else None
