"""Numbers on pages, counted from the rows that are the truth: runs and the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, NamedTuple

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Now, TruncDate
from django.utils import timezone

from nurturing import complaints
from nurturing.drawing import spark
from nurturing.models import (
    Campaign,
    Enrolment,
    MailTrouble,
    Message,
    SendingHalt,
)
from scoring.shares import Share

TABS = (("", "All"), ("active", "Running"), ("paused", "Paused"), ("draft", "Drafts"), ("ended", "Ended"))
SENT = Q(state="accepted")


def with_numbers(campaigns: QuerySet[Campaign]) -> QuerySet[Any]:
    """For the list: how many are inside, reached the goal, were mailed, left."""
    runs, mails = Enrolment.objects.all(), Message.objects.all()
    return campaigns.select_related("segment", "created_by").annotate(
        inside=_number(runs.filter(ended_at=None), "campaign"),
        entered=_number(runs, "campaign"),
        reached=_number(runs.filter(ended_because="goal"), "campaign"),
        sent=_number(mails.filter(SENT), "enrolment__campaign"),
        left=_number(runs.filter(ended_because="unsubscribed"), "campaign"),
        doubtful=_number(mails.in_doubt(), "enrolment__campaign"),
        next_due=Subquery(
            runs.filter(
                Q(lease_until=None) | Q(lease_until__lte=Now()), campaign=OuterRef("pk"), ended_at=None
            )
            .exclude(due_at=None)
            .order_by("due_at")
            .values("due_at")[:1]
        ),
    )


class Lately(NamedTuple):
    """The last days of one campaign."""

    sent: int
    clicked: Share
    spark: str

    @property
    def clicked_words(self) -> str:
        """ "4.2%", or the plain number where a share would only look exact."""
        if not self.clicked.sure:
            return f"{self.clicked.part} of {self.clicked.whole}"
        return f"{100 * (self.clicked.value or 0):.1f}%"


def lately(campaigns: Iterable[Campaign], days: int = 30) -> dict[int, Lately]:
    """What each of them sent day by day. One statement for all."""
    wanted = [campaign.pk for campaign in campaigns]
    mails = Message.objects.filter(
        SENT, enrolment__campaign__in=wanted, sent_at__gt=Now() - timedelta(days=days)
    )
    rows = mails.order_by().values_list("enrolment__campaign", TruncDate("sent_at"))
    found: dict[int, dict[date, tuple[int, int]]] = {pk: {} for pk in wanted}
    for pk, day, sent, clicked in rows.annotate(
        sent=Count("pk"), clicked=Count("pk", filter=Q(clicked_at__isnull=False))
    ):
        found[pk][day] = (sent, clicked)
    return {pk: _lately(counted, days) for pk, counted in found.items()}


def _lately(counted: dict[date, tuple[int, int]], days: int) -> Lately:
    sent, clicked = (sum(pair[place] for pair in counted.values()) for place in (0, 1))
    each_day = last_days({day: pair[0] for day, pair in counted.items()}, days)
    return Lately(sent, Share(clicked, sent), spark([number for _, number in each_day]))


def last_days(counted: dict[date, int], days: int) -> list[tuple[date, int]]:
    """Every day up to today, those without anything too."""
    today = timezone.localdate()
    every = [today - timedelta(days=back) for back in reversed(range(days))]
    return [(day, counted.get(day, 0)) for day in every]


def tabs() -> list[dict[str, Any]]:
    found = dict(Campaign.objects.order_by().values_list("state").annotate(Count("pk")))
    counts = {"": sum(found.values()), **found}
    return [{"state": state, "label": label, "count": counts.get(state, 0)} for state, label in TABS]


def today() -> dict[str, Any]:
    """The strip above the list. Bounded by indexes: what waits, what is in doubt, what went out in 24 hours."""
    waiting = Message.objects.filter(state="queued")
    return {
        "inside": Enrolment.objects.active().count(),
        "waiting": waiting.count(),
        "sent": Message.objects.filter(SENT, sent_at__gt=Now() - timedelta(days=1)).count(),
        "doubtful": Message.objects.in_doubt().count(),
    }


def trouble() -> dict[str, Any] | None:
    """What keeps mails from going out or may soon, for the banners: empty when all is well."""
    rates = complaints.rates()
    whole = complaints.whole(rates)
    paused = Campaign.objects.filter(state=Campaign.State.PAUSED).exclude(paused_because="")
    found = {
        "server": MailTrouble.objects.first(),
        "halts": list(SendingHalt.objects.order_by("kind")),
        "stopped": list(paused.order_by("name")[:5]),
        "warned": complaints.warned(rates)[:5],
        "verdict": whole.verdict,
    }
    return found | {"whole": whole} if any(found.values()) else None


def _number(rows: QuerySet, owner: str) -> Any:
    counted = rows.filter(**{owner: OuterRef("pk")}).order_by().values(owner).annotate(n=Count("pk"))
    return Coalesce(Subquery(counted.values("n")[:1]), 0)
