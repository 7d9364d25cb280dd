"""Who must not be mailed, as conditions the database checks.

The same gates stand at enrolment, at each claim, and in the fence before the final dot. Handoffs belong to a
neighbour, so they are read by relation name, as scores are in leads.querysets.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Case, CharField, Exists, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Lower

from leads.models import Disqualification, Lead, Suppression
from nurturing.models import Campaign, Enrolment

WITH_SALES = (Lead.Stage.SQL, Lead.Stage.OPPORTUNITY, Lead.Stage.CUSTOMER)
Ended = Enrolment.Ended


def suppressed(address: str) -> Exists:
    """`address` names a field of the outer query."""
    rows = Suppression.objects.annotate(key=Lower("address"))
    return Exists(rows.filter(key=Lower(OuterRef(address))))


def _offered() -> Exists:
    """A handoff of the open cycle that nobody rejected or withdrew. One filter(): one and the same handoff."""
    live = Lead.objects.filter(
        pk=OuterRef("pk"),
        handoffs__isnull=False,
        handoffs__rejected_at=None,
        handoffs__withdrawn_at=None,
        handoffs__cycle__closed_at=None,
    )
    return Exists(live)


def with_blocker(leads: QuerySet[Lead]) -> QuerySet[Any]:
    """Annotates `blocker`: why this lead must not be mailed, in Enrolment.Ended's words, or empty."""
    disqualified = Exists(Disqualification.objects.filter(lead=OuterRef("pk")))
    return leads.annotate(
        blocker=Case(
            When(~Q(merged_into=None), then=Value(Ended.MERGED)),
            When(Q(email=None) | Q(email=""), then=Value(Ended.NO_ADDRESS)),
            When(
                suppressed("email") | Exists(Suppression.objects.filter(lead=OuterRef("pk"))),
                then=Value(Ended.UNSUBSCRIBED),
            ),
            When(disqualified | Q(stage=Lead.Stage.DISQUALIFIED), then=Value(Ended.DISQUALIFIED)),
            When(Q(stage__in=WITH_SALES) | _offered(), then=Value(Ended.HANDED_OFF)),
            default=Value(""),
            output_field=CharField(),
        )
    )


def mailable() -> QuerySet[Lead]:
    return with_blocker(Lead.objects.all()).filter(blocker="")


def running() -> QuerySet[Enrolment]:
    """Enrolments that may go on now: not ended, campaign running, goal not reached, lead mailable."""
    return (
        Enrolment.objects.filter(ended_at=None, campaign__state=Campaign.State.ACTIVE)
        .exclude(campaign__goal=Campaign.Goal.MQL, lead__stage=Lead.Stage.MQL)
        .filter(Exists(mailable().filter(pk=OuterRef("lead_id"))))
    )


def may_be_sent() -> Q:
    """For Message; subqueries only, so that an UPDATE keeps its own conditions in its own WHERE."""
    return Q(Exists(running().filter(pk=OuterRef("enrolment_id")))) & ~Q(suppressed("to_address"))
