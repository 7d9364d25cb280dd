"""What reps thought of leads, by where they came from, next to what became of them.

Few answers say nothing: below ENOUGH a group says "not enough yet" instead of a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db.models import Avg, Count, Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce, Now

from handoff.models import FeedbackAnswer, FeedbackRequest, Occasion
from leads.models import StageChange

ENOUGH = 10
SHOWN = 50  # groups, those with the most answers
STORIES = 10
WAYS = {
    "source": ("Source", "handoff__lead__source"),
    "campaign": ("Campaign", "handoff__lead__campaign"),
    "version": ("Scoring version", "handoff__cycle__version__number"),
}
PERIODS = {
    "30": ("30 days", timedelta(days=30)),
    "90": ("90 days", timedelta(days=90)),
    "365": ("A year", timedelta(days=365)),
    "all": ("All", None),
}
WON, LOST = Q(handoff__cycle__outcome="customer"), Q(handoff__cycle__outcome="lost")


@dataclass(frozen=True)
class View:
    """What the address asks for; what it gets wrong is as if it had said nothing."""

    way: str = "source"
    occasion: str = Occasion.ACCEPT
    period: str = "90"

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> View:
        known = {"way": WAYS, "occasion": Occasion.values, "period": PERIODS}
        return cls(**{key: asked[key] for key, values in known.items() if asked.get(key) in values})

    @property
    def heading(self) -> str:
        return WAYS[self.way][0]

    @property
    def group(self) -> F:
        return F(WAYS[self.way][1])

    def label(self, value: Any) -> str:
        return f"Version {value}" if self.way == "version" else str(value or "Not known")[:150]


@dataclass(frozen=True)
class Group:
    label: str
    answers: int
    average: float | None  # of 5; None for not enough yet
    good: int
    middling: int
    poor: int
    sql: int
    won: int
    lost: int

    @property
    def enough(self) -> bool:
        return self.answers >= ENOUGH


@dataclass
class Mix:
    """One question's answers: a line for each group, a column for each answer."""

    question: str
    columns: list[str] = field(default_factory=list)
    lines: dict[str, dict[str, int]] = field(default_factory=dict)

    def add(self, label: str, value: str, n: int) -> None:
        if value not in self.columns:
            self.columns.append(value)
        line = self.lines.setdefault(label, {})
        line[value] = line.get(value, 0) + n

    @property
    def rows(self) -> list[tuple[str, int, list[int] | None]]:
        """Label, how many answered, and the counts; none of them where too few answered."""
        found = [(label, sum(line.values()), line) for label, line in self.lines.items()]
        found.sort(key=lambda row: (-row[1], row[0]))
        return [
            (label, total, [line.get(each, 0) for each in self.columns] if total >= ENOUGH else None)
            for label, total, line in found[:SHOWN]
        ]


def rated(user: Any, view: View) -> QuerySet[FeedbackRequest]:
    """The opinions of the period, by the day they were given."""
    rows = FeedbackRequest.objects.visible_to(user).given()
    rows = rows.filter(occasion=view.occasion, rating__isnull=False)
    length = PERIODS[view.period][1]
    return rows.filter(answered_at__gt=Now() - length) if length else rows


def groups(rows: QuerySet[FeedbackRequest], view: View) -> list[Group]:
    """One query; the most answers first. An SQL is one of the same cycle."""
    found = rows.annotate(sql=Exists(_became_sql())).values(group=view.group)
    found = found.annotate(
        given=Count("pk"),
        average=Avg("rating"),
        good=Count("pk", filter=Q(rating__gte=4)),
        middling=Count("pk", filter=Q(rating=3)),
        poor=Count("pk", filter=Q(rating__lte=2)),
        sqls=Count("pk", filter=Q(sql=True)),
        won=Count("pk", filter=WON),
        lost=Count("pk", filter=LOST),
    )
    return [_group(dict(row), view) for row in found.order_by("-given", "group")[:SHOWN]]


def _became_sql() -> QuerySet[StageChange]:
    ended = Coalesce(OuterRef("handoff__cycle__closed_at"), Now())
    moves = StageChange.objects.filter(lead=OuterRef("handoff__lead"), stage="sql", at__lte=ended)
    return moves.filter(at__gte=OuterRef("handoff__accepted_at"))


def _group(row: dict[str, Any], view: View) -> Group:
    average = float(row["average"]) if row["given"] >= ENOUGH else None
    counts = {key: row[key] for key in ("good", "middling", "poor", "won", "lost")}
    label = view.label(row["group"])
    return Group(label=label, answers=row["given"], average=average, sql=row["sqls"], **counts)


def mixes(rows: QuerySet[FeedbackRequest], view: View) -> list[Mix]:
    """One query: the answers that were chosen. Equal words are one question, whatever the version."""
    said = FeedbackAnswer.objects.filter(request__in=rows, question__kind__in=["choice", "yes_no"])
    found = said.values("value", text=F("question__text"), group=F(f"request__{WAYS[view.way][1]}"))
    questions: dict[str, Mix] = {}
    for row in found.annotate(n=Count("pk")).order_by("text", "-n", "value"):
        mix = questions.setdefault(row["text"], Mix(row["text"]))
        mix.add(view.label(row["group"]), row["value"].capitalize(), row["n"])
    return list(questions.values())


def surprises(rows: QuerySet[FeedbackRequest]) -> list[FeedbackRequest]:
    """A poor lead that was won, a good one that was lost: where both teams learn most."""
    found = rows.filter((Q(rating__lte=2) & WON) | (Q(rating__gte=4) & LOST))
    found = found.select_related("handoff__lead", "handoff__cycle", "answered_by")
    return list(found.order_by("-answered_at")[:STORIES])
