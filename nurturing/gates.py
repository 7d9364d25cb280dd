"""Who must not be mailed, as conditions the database checks.

The same gates stand at enrolment, at each claim, and in the fence before the final dot. Handoffs belong to a
neighbour, so they are read by relation name, as scores are in leads.querysets.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.db.models import Case, CharField, Exists, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Lower, Now

from leads import consents
from leads.models import Consent, Disqualification, Lead, Suppression
from nurturing.models import Campaign, Enrolment, Message

WITH_SALES = (Lead.Stage.SQL, Lead.Stage.OPPORTUNITY, Lead.Stage.CUSTOMER)
Ended = Enrolment.Ended
ONE = -(2**62)  # no id


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


def _blocks() -> list[tuple[str, Any]]:
    """(reason, condition on Lead), the first that holds is the reason. One condition each: the planner likes
    several plain anti-joins much better than one that holds an OR."""
    return [
        (Ended.MERGED, Q(merged_into__isnull=False)),
        (Ended.NO_ADDRESS, Q(email=None) | Q(email="")),
        (Ended.UNSUBSCRIBED, suppressed("email")),
        (Ended.UNSUBSCRIBED, Exists(Suppression.objects.filter(lead=OuterRef("pk")))),
        (Ended.DISQUALIFIED, Q(stage=Lead.Stage.DISQUALIFIED)),
        (Ended.DISQUALIFIED, Exists(Disqualification.objects.filter(lead=OuterRef("pk")))),
        (Ended.HANDED_OFF, Q(stage__in=WITH_SALES)),
        (Ended.HANDED_OFF, _offered()),
    ]


def with_blocker(leads: QuerySet[Lead]) -> QuerySet[Any]:
    """Annotates `blocker`: why this lead must not be mailed, in Enrolment.Ended's words, or empty."""
    whens = [When(condition, then=Value(reason)) for reason, condition in _blocks()]
    return leads.annotate(blocker=Case(*whens, default=Value(""), output_field=CharField()))


def blocked(leads: QuerySet[Lead]) -> QuerySet[Any]:
    """Those of them that must not be mailed, with their `blocker`."""
    return with_blocker(leads).exclude(blocker="")


def mailable() -> QuerySet[Lead]:
    return Lead.objects.filter(*(~condition for _, condition in _blocks()))


def agreed(leads: QuerySet[Lead], topic_id: int | None) -> QuerySet[Lead]:
    """Those of them who may be mailed about this topic."""
    return leads.filter(consents.allows("pk", topic_id))


def not_agreed(runs: QuerySet[Enrolment]) -> QuerySet[Enrolment]:
    """Runs whose lead refused the campaign's topic, or never asked for one that needs asking."""
    return runs.exclude(consents.allows("lead_id", "campaign__topic_id"))


def may_be_unwilling() -> Q:
    """For Enrolment: hardly any lead ever refused something, so a sweep asks the others nothing."""
    no = Consent.objects.filter(Q(state=Consent.State.WITHDRAWN) | Q(expires_at__lte=Now()))
    return Q(lead__in=no.values("lead")) | Q(campaign__topic__opt_in=True)


def held() -> Q:
    """For Enrolment: nothing goes out now, but it will once the campaign goes on or the lead's pause is over."""
    return Q(campaign__state=Campaign.State.PAUSED) | Q(consents.paused("lead_id"))


def running() -> QuerySet[Enrolment]:
    """Enrolments that may go on now: not ended, campaign running, goal not reached, lead mailable and willing."""
    return (
        Enrolment.objects.filter(ended_at=None, campaign__state=Campaign.State.ACTIVE)
        .exclude(campaign__goal=Campaign.Goal.MQL, lead__stage=Lead.Stage.MQL)
        .filter(Exists(mailable().filter(pk=OuterRef("lead_id"))))
        .filter(~consents.paused("lead_id"), consents.allows("lead_id", "campaign__topic_id"))
    )


def may_be_sent() -> Q:
    """For Message; subqueries only, so that an UPDATE keeps its own conditions in its own WHERE."""
    return Q(Exists(running().filter(pk=OuterRef("enrolment_id")))) & ~Q(suppressed("to_address"))


@cache
def one_may_be_sent() -> tuple[str, list[Any]]:
    """The same gate as SQL for one message, with ONE among the parameters where its id belongs.

    Writing this query takes the ORM longer than the database needs to answer it, and it is asked for every mail.
    """
    query = Message.objects.filter(may_be_sent(), pk=ONE).values("pk").query
    sql, params = query.sql_with_params()
    return sql, list(params)
