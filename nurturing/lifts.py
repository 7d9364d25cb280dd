"""What a campaign changes: how many of those it took in became MQL, went to sales and bought, against the hold-out.

Only leads drawn at the share that is in force now are compared: at another share, or without a draw, people entered at
other times, which would look like an effect. Handoffs belong to a neighbour, so they are read by relation name.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from leads.models import Lead
from nurturing.drawing import Whiskers, whiskers
from nurturing.experiments import Difference
from nurturing.models import Campaign, HoldOut
from scoring.models import QualificationCycle
from scoring.shares import Share

OUTCOMES = (("mql", "Became MQL"), ("sql", "Accepted by sales"), ("won", "Won"))


class Row(NamedTuple):
    key: str
    label: str
    difference: Difference

    @property
    def treated(self) -> str:
        return _words(self.difference.treated)

    @property
    def control(self) -> str:
        return _words(self.difference.control)

    @property
    def points(self) -> float:
        return 100 * (self.difference.value or 0)

    @property
    def low(self) -> float:
        return 100 * self.difference.interval[0]

    @property
    def high(self) -> float:
        return 100 * self.difference.interval[1]


class Lift(NamedTuple):
    percent: int
    rows: list[Row]

    @property
    def chart(self) -> Whiskers | None:
        """Of the first outcome: each group's share with its interval."""
        return whiskers(self._groups)

    @property
    def chart_words(self) -> str:
        said = [f"{label} {_words(share)}" for label, share in self._groups]
        return ". ".join(said) + "."

    @property
    def _groups(self) -> list[tuple[str, Share]]:
        found = self.rows[0].difference
        return [("Campaign", found.treated), ("Hold-out", found.control)]


def lift_of(campaign: Campaign) -> Lift | None:
    """None when nobody was ever held out."""
    newest = campaign.held_out.order_by("-pk").values_list("percent", flat=True).first()
    if newest is None and not campaign.holdout_percent:
        return None
    percent = campaign.holdout_percent or newest or 0
    treated = campaign.enrolments.filter(drawn_percent=percent).annotate(drawn_at=F("enrolled_at"))
    control = HoldOut.objects.filter(campaign=campaign, percent=percent).annotate(drawn_at=F("at"))
    ours, theirs = _counts(treated), _counts(control)
    return Lift(percent, [Row(key, label, _difference(key, ours, theirs)) for key, label in OUTCOMES])


def _words(share: Share) -> str:
    """ "6.7% of 978"."""
    return f"{100 * share.value:.1f}% of {share.whole:,}" if share.value is not None else "nobody yet"


def _difference(key: str, ours: dict[str, int], theirs: dict[str, int]) -> Difference:
    return Difference(Share(ours[key], ours["people"]), Share(theirs[key], theirs["people"]))


def _counts(drawn: QuerySet[Any]) -> dict[str, int]:
    """Outcomes since each was drawn. A merged lead's history is the winner's, so it says nothing of the draw."""
    cycles = QualificationCycle.objects.filter(lead=OuterRef("lead"))
    accepted = Lead.objects.filter(pk=OuterRef("lead"), handoffs__accepted_at__gte=OuterRef("drawn_at"))
    marked = drawn.filter(lead__merged_into=None).annotate(
        mql=Exists(cycles.filter(opened_at__gte=OuterRef("drawn_at"))),
        sql=Exists(accepted),
        won=Exists(
            cycles.filter(outcome=QualificationCycle.Outcome.CUSTOMER, closed_at__gte=OuterRef("drawn_at"))
        ),
    )
    found = {f"n_{key}": Count("pk", filter=Q(**{key: True})) for key, _ in OUTCOMES}
    counts = marked.aggregate(people=Count("pk"), **found)
    return {name.removeprefix("n_"): number for name, number in counts.items()}
