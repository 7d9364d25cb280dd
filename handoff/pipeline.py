"""What the pipeline shows: filters, columns with true counts, sums for each currency, a list in pages."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import reduce
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Now

from handoff.currencies import sums_words
from handoff.keyset import By
from handoff.models import Opportunity, PipelineStage

CARDS = 20  # a column shows; its count is true and the list has the rest
RECENT = timedelta(days=90)  # closed deals stay on the board as long
SOON = timedelta(days=30)
Kind = PipelineStage.Kind

STATES = {"open": "Open", "won": "Won", "lost": "Lost"}
CLOSINGS = {
    "late": "Expected close has passed",
    "soon": "Expected within 30 days",
    "none": "No expected close",
}
CLOSE_FIRST = (By("expected_close", nullable=True), By("pk"))
NEWEST_CLOSED = (By("closed_at", descending=True), By("pk", descending=True))


@dataclass(frozen=True)
class Filters:
    """What narrows board and list alike; empty means everything."""

    q: str = ""
    owner: int | None = None
    stage: int | None = None
    currency: str = ""
    closing: str = ""
    state: str = "open"

    def apply(self, deals: QuerySet, today: date) -> QuerySet:
        """Everything but the state, which the board shows side by side and the list one at a time."""
        exact = {"owner": self.owner, "stage": self.stage, "currency": self.currency}
        deals = deals.filter(**{name: value for name, value in exact.items() if value})
        if self.closing:
            deals = deals.filter(_closing(self.closing, today))
        for word in self.q.split()[:8]:
            deals = deals.filter(_mentions(word))
        return deals

    def listed(self, deals: QuerySet, today: date) -> QuerySet:
        outcome = "" if self.state == "open" else self.state
        return self.apply(deals, today).filter(outcome=outcome)

    @property
    def order(self) -> tuple[By, ...]:
        return CLOSE_FIRST if self.state == "open" else NEWEST_CLOSED


@dataclass
class Column:
    """One stage of the board. `sums` are words, one a currency."""

    stage: PipelineStage
    count: int = 0
    without_amount: int = 0
    money: dict[str, Decimal] = field(default_factory=dict)
    cards: list[Opportunity] = field(default_factory=list)

    @property
    def sums(self) -> list[str]:
        return sums_words(self.money.items())

    @property
    def hidden(self) -> int:
        return self.count - len(self.cards)


def columns(deals: QuerySet, filters: Filters, today: date) -> list[Column]:
    """The board; 4 queries, however many deals there are."""
    found = {stage.pk: Column(stage) for stage in _stages(filters)}
    shown = filters.apply(deals, today)
    shown = shown.filter(Q(closed_at=None) | Q(closed_at__gt=Now() - RECENT))
    for row in (
        shown.values("stage", "currency")
        .annotate(n=Count("pk"), known=Count("amount"), total=Sum("amount"))
        .order_by()
    ):
        if row["stage"] in found:
            _count(found[row["stage"]], row)
    for deal in _cards(shown, list(found.values())):
        found[deal.stage_id].cards.append(deal)
    return list(found.values())


def open_sums(board: list[Column]) -> list[str]:
    """What is open on this board, one sum a currency."""
    money: dict[str, Decimal] = defaultdict(Decimal)
    for column in board:
        if column.stage.kind == Kind.OPEN:
            for currency, total in column.money.items():
                money[currency] += total
    return sums_words(money.items())


def sums(deals: QuerySet) -> list[str]:
    rows = deals.filter(amount__isnull=False).values("currency").annotate(total=Sum("amount")).order_by()
    return sums_words((row["currency"], row["total"]) for row in rows)


def _stages(filters: Filters) -> QuerySet[PipelineStage]:
    stages = PipelineStage.objects.filter(active=True)
    return stages.filter(pk=filters.stage) if filters.stage else stages


def _count(column: Column, row: dict[str, Any]) -> None:
    column.count += row["n"]
    column.without_amount += row["n"] - row["known"]
    if row["total"] is not None:
        column.money[row["currency"]] = row["total"]


def _cards(shown: QuerySet, board: list[Column]) -> list[Opportunity]:
    """The first of each column: a short walk of an index each, all in one statement."""
    parts = [_first(shown, column.stage).values("pk") for column in board if column.count]
    if not parts:
        return []
    keys = reduce(lambda one, other: one.union(other, all=True), parts)
    pks = [row["pk"] for row in keys]
    deals = list(Opportunity.objects.filter(pk__in=pks).with_people())
    return sorted(deals, key=lambda deal: pks.index(deal.pk))


def _first(shown: QuerySet, stage: PipelineStage) -> QuerySet:
    rows = shown.filter(stage=stage)
    if stage.kind == Kind.OPEN:
        return rows.filter(closed_at=None).order_by("expected_close", "pk")[:CARDS]
    return rows.filter(closed_at__isnull=False).order_by("-closed_at", "-pk")[:CARDS]


def _closing(closing: str, today: date) -> Q:
    if closing == "none":
        return Q(expected_close=None)
    if closing == "late":
        return Q(expected_close__lt=today)
    return Q(expected_close__gte=today, expected_close__lte=today + SOON)


def _mentions(word: str) -> Q:
    places = ("name", "lead__first_name", "lead__last_name", "lead__email", "lead__company__name")
    return reduce(lambda found, place: found | Q(**{f"{place}__icontains": word}), places, Q())
