"""Numbers on pages, counted from the rows that are the truth: runs and the ledger."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Now

from nurturing import complaints
from nurturing.graph import Graph
from nurturing.models import (
    Campaign,
    Enrolment,
    MailTrouble,
    Message,
    SendingHalt,
    Unsubscribe,
)
from nurturing.querysets import IN_DOUBT, UNDER_WAY

TABS = (("", "All"), ("active", "Running"), ("paused", "Paused"), ("draft", "Drafts"), ("ended", "Ended"))
SENT = Q(state="accepted")


class Mails(NamedTuple):
    """One mail of a campaign; the same mail of several versions is counted together."""

    subject: str
    sent: int = 0
    opened: int = 0
    clicked: int = 0
    refused: int = 0
    waiting: int = 0
    doubtful: int = 0
    unsubscribed: int = 0
    bounced: int = 0
    complained: int = 0


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
            runs.filter(campaign=OuterRef("pk"), ended_at=None, due_at__isnull=False)
            .order_by("due_at")
            .values("due_at")[:1]
        ),
    )


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


def runs_by_end(campaign: Campaign) -> dict[str, int]:
    """{reason: people}, with "" for those still inside."""
    counted = campaign.enrolments.order_by().values_list("ended_because").annotate(Count("pk"))
    return dict(counted)


def mails_of(campaign: Campaign) -> list[Mails]:
    """As they are read in the newest version; those it no longer has come last."""
    counted = _messages(campaign).annotate(
        sent=Count("pk", filter=SENT),
        opened=Count("pk", filter=Q(opened_at__isnull=False)),
        clicked=Count("pk", filter=Q(clicked_at__isnull=False)),
        refused=Count("pk", filter=Q(state="rejected")),
        bounced=Count("pk", filter=Q(bounced=True) | Q(soft_bounce__isnull=False)),
        complained=Count("pk", filter=Q(complained_at__isnull=False)),
        waiting=Count("pk", filter=Q(state__in=UNDER_WAY)),
        doubtful=Count("pk", filter=Q(state__in=IN_DOUBT)),
    )
    gone = dict(
        Unsubscribe.objects.filter(message__enrolment__campaign=campaign)
        .order_by()
        .values_list("message__step__subject")
        .annotate(Count("message", distinct=True))
    )
    rows = {row.pop("subject"): row for row in counted}
    order = _reading_order(campaign)
    subjects = sorted(rows, key=lambda subject: (order.get(subject, len(order)), subject))
    return [Mails(subject, unsubscribed=gone.get(subject, 0), **rows[subject]) for subject in subjects]


def _reading_order(campaign: Campaign) -> dict[str, int]:
    """{subject: place} in the newest published version."""
    version = campaign.versions.exclude(frozen_at=None).order_by("-number").first()
    lines = Graph(version.steps.all()).lines() if version else []
    return {line.step.subject: line.number for line in reversed(lines) if line.step.is_mail}


def total(mails: list[Mails]) -> Mails:
    return (
        Mails("All", *(sum(column) for column in zip(*(mail[1:] for mail in mails), strict=True)))
        if mails
        else Mails("All")
    )


def _messages(campaign: Campaign) -> QuerySet[Any]:
    mails = Message.objects.filter(enrolment__campaign=campaign).order_by()
    return mails.values(subject=F("step__subject"))


def _number(rows: QuerySet, owner: str) -> Any:
    counted = rows.filter(**{owner: OuterRef("pk")}).order_by().values(owner).annotate(n=Count("pk"))
    return Coalesce(Subquery(counted.values("n")[:1]), 0)
