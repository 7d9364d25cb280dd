"""What the MQL queue shows: saved views, filters, and the row they all share.

Most views walk marketing's running clocks, due first; the others look at what sales sent back and at who is
about to qualify. Each names the paths from its rows to lead and score, so one set of filters serves all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.db.models.functions import Now

from handoff.faces import chips
from handoff.keyset import By
from handoff.models import Handoff, Repair, ScoredBy, SlaClock
from leads.models import Lead
from scoring.models import ModelVersion, QualificationCycle, Score

SOON = timedelta(hours=1)
WEEK = timedelta(days=7)
NEAR = 10  # points below the line
RELATED = ("company", "score")


@dataclass(frozen=True)
class Row:
    """One lead of the queue; what a view does not know is None."""

    lead: Lead
    score: Score | None
    cycle: QualificationCycle | None = None
    clock: SlaClock | None = None
    handoff: Handoff | None = None

    @property
    def key(self) -> str:
        return f"c{self.cycle.pk}" if self.cycle else f"l{self.lead.pk}"

    @property
    def waiting(self) -> bool:
        return self.clock is not None and self.cycle is not None and self.cycle.closed_at is None

    @property
    def reasons(self) -> list[str]:
        return chips(self.cycle.reason) if self.cycle else []


@dataclass(frozen=True)
class View:
    key: str
    label: str
    rows: Callable[[Any], QuerySet]
    order: tuple[By, ...]
    lead: str  # lookup path from a row to its lead
    row: Callable[[Any], Row]
    empty: tuple[str, str] = ("Nothing is waiting", "New MQLs appear here by themselves, due first.")
    acts: bool = True  # whether its rows can be handed off


def _waiting(user: Any) -> QuerySet:
    related = [f"cycle__lead__{name}" for name in RELATED]
    return SlaClock.objects.visible_to(user).waiting_for_hand_off().select_related("cycle", *related)


def _soon(user: Any) -> QuerySet:
    return _waiting(user).filter(due_at__lte=Now() + SOON)


def _overdue(user: Any) -> QuerySet:
    return _waiting(user).filter(due_at__lte=Now())


def _rejected(user: Any) -> QuerySet:
    related = [f"lead__{name}" for name in RELATED]
    handoffs = Handoff.objects.visible_to(user).filter(rejected_at__gt=Now() - WEEK)
    lines = Prefetch("scored_by", ScoredBy.objects.order_by("-points", "pk"), to_attr="scored_lines")
    return handoffs.select_related("cycle", "rep", "reject_reason", *related).prefetch_related(lines)


def _near(user: Any) -> QuerySet:
    version = ModelVersion.objects.published()
    line = version.threshold if version else 0
    scores = Score.objects.visible_to(user).filter(
        total__lt=line, total__gte=line - NEAR, qualified=False, lead__merged_into=None
    )
    quiet = (Lead.Stage.DISQUALIFIED, Lead.Stage.CUSTOMER, Lead.Stage.MQL, Lead.Stage.SQL)
    return scores.exclude(lead__stage__in=quiet).select_related("lead__company")


def _clock_row(clock: SlaClock) -> Row:
    lead = clock.cycle.lead
    return Row(lead, getattr(lead, "score", None), clock.cycle, clock)


def _handoff_row(handoff: Handoff) -> Row:
    return Row(handoff.lead, getattr(handoff.lead, "score", None), handoff.cycle, None, handoff)


def _score_row(score: Score) -> Row:
    return Row(score.lead, score)


DUE_FIRST = (By("due_at", nullable=True), By("cycle__total", descending=True), By("pk"))
NEWEST_REJECTION = (By("rejected_at", descending=True), By("pk", descending=True))
HIGHEST_SCORE = (By("total", descending=True), By("pk", descending=True))


def _clocks(key: str, label: str, rows: Callable[[Any], QuerySet], *empty: str) -> View:
    fallback = ("Nothing is waiting", "New MQLs appear here by themselves, due first.")
    words = (empty[0], empty[1]) if empty else fallback
    return View(key, label, rows, DUE_FIRST, "cycle__lead__", _clock_row, words)


VIEWS = (
    _clocks("all", "All", _waiting),
    _clocks("a-fit", "A-fit", lambda user: _waiting(user).filter(cycle__band__startswith="A")),
    _clocks(
        "soon",
        "Breaching within 1 h",
        _soon,
        "No promise is at risk",
        "Nothing is due within the next hour, and nothing is overdue.",
    ),
    _clocks(
        "fix",
        "To put right",
        lambda user: _waiting(user).filter(cycle__in=Repair.objects.open().values("handoff__cycle")),
        "Nothing to put right",
        "Leads that sales sent back with wrong data appear here.",
    ),
    View(
        "rejected",
        "Rejected this week",
        _rejected,
        NEWEST_REJECTION,
        "lead__",
        _handoff_row,
        ("Sales sent nothing back", "Rejections of the last seven days appear here with their reasons."),
        acts=False,
    ),
    _clocks(
        "again",
        "Ready to re-enter",
        lambda user: _waiting(user).filter(cycle__n__gt=1),
        "Nobody came back yet",
        "Leads that sales sent back appear here when new activity qualifies them again.",
    ),
    View(
        "near",
        "Near the line",
        _near,
        HIGHEST_SCORE,
        "lead__",
        _score_row,
        ("Nobody is close", f"Leads up to {NEAR} points below the MQL line appear here."),
        acts=False,
    ),
)
BY_KEY = {view.key: view for view in VIEWS}


@dataclass(frozen=True)
class Filters:
    """What narrows a view; empty means everything."""

    q: str = ""
    score: int | None = None
    band: str = ""
    source: str = ""
    country: str = ""
    reason: str = ""  # of rejections only: the id of a reject reason, the key of a scoring rule
    rule: str = ""
    view: View = field(default=VIEWS[0])

    def apply(self, rows: QuerySet) -> QuerySet:
        return rows.filter(self._condition())

    def _condition(self) -> Q:
        lead, condition = self.view.lead, Q()
        score = "" if self.view.key == "near" else f"{lead}score__"
        if self.score is not None:
            condition &= Q(**{f"{score}total__gte": self.score})
        if self.band:
            condition &= Q(**{f"{score}band__istartswith": self.band})
        if self.source:
            condition &= Q(**{f"{lead}source__iexact": self.source})
        if self.country:
            condition &= Q(**{f"{lead}country__iexact": self.country})
        if self.view.key == "rejected":
            condition &= self._of_rejections()
        for word in self.q.split()[:8]:
            condition &= _mentions(lead, word)
        return condition

    def _of_rejections(self) -> Q:
        condition = Q(reject_reason=int(self.reason)) if self.reason else Q()
        lines = ScoredBy.objects.filter(handoff=OuterRef("pk"), rule_key=self.rule)
        return condition & Q(Exists(lines)) if self.rule else condition


def _mentions(lead: str, word: str) -> Q:
    places = ("first_name", "last_name", "email", "company__name")
    found = Q()
    for place in places:
        found |= Q(**{f"{lead}{place}__icontains": word})
    return found


def view_counts(user: Any) -> dict[str, QuerySet]:
    """What each view would count, and what is overdue."""
    return {view.key: view.rows(user) for view in VIEWS} | {"overdue": _overdue(user)}
