"""Who must not be mailed, as conditions the database checks.

The same gates stand at enrolment, at each claim, and in the fence before the final dot. Handoffs belong to a
neighbour, so they are read by relation name, as scores are in leads.querysets.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.db.models import BooleanField, Case, CharField, Exists, OuterRef, Q, QuerySet, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import Lower, Now

from leads import consents
from leads.erased_addresses import erased
from leads.models import Consent, Disqualification, Lead, Suppression
from nurturing.models import Campaign, Enrolment, HoldOut, Message

# One mail against the caps, the hours and the more important mails of its lead. Outer joins: without rules no limits.
ROOM = """
SELECT (sent.day + sent.ahead < rules.cap_day) IS NOT FALSE
   AND (sent.week + sent.ahead < rules.cap_week) IS NOT FALSE
   AND (nurturing_shows(statement_timestamp(), lead.time_zone, ours.time_zone, rules.days, rules.opens, rules.closes)
        IS NOT FALSE)
   AND (programme.send_from IS NULL OR nurturing_shows(statement_timestamp(), lead.time_zone, ours.time_zone,
        programme.send_days, programme.send_from, programme.send_until)) AS open,
   jsonb_build_object('day', ARRAY[sent.day, rules.cap_day], 'week', ARRAY[sent.week, rules.cap_week],
        'zone', lead.time_zone, 'stage', lead.stage) AS saw
FROM nurturing_message mail
JOIN nurturing_enrolment run ON run.id = mail.enrolment_id
JOIN nurturing_campaign programme ON programme.id = run.campaign_id
JOIN leads_lead lead ON lead.id = run.lead_id
LEFT JOIN nurturing_sendingrules rules ON rules.id = 1
LEFT JOIN accounts_organisation ours ON ours.id = 1
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE {counted} AND coalesce(other.dot_at, other.sent_at) > {day}) AS day,
           count(*) FILTER (WHERE {counted} AND coalesce(other.dot_at, other.sent_at) > {week}) AS week,
           count(*) FILTER (WHERE {waits} AND (rival.priority, other.queued_at, other.id)
                            < (programme.priority, mail.queued_at, mail.id)) AS ahead
    FROM nurturing_enrolment its
    JOIN nurturing_message other ON other.enrolment_id = its.id
    JOIN nurturing_campaign rival ON rival.id = its.campaign_id
    WHERE its.lead_id = ANY(ARRAY(
        SELECT run.lead_id UNION ALL SELECT merged.id FROM leads_lead merged WHERE merged.merged_into_id = run.lead_id))
) sent
WHERE mail.id = {message}
"""
ROOM = (
    ROOM.replace("{counted}", "other.state IN ('dot', 'accepted', 'unknown')")
    .replace("{waits}", "other.state IN ('queued', 'claimed') AND other.due_at <= statement_timestamp()"
             " AND its.ended_at IS NULL AND rival.state = 'active'")
    .replace("{day}", "statement_timestamp() - interval '24 hours'")
    .replace("{week}", "statement_timestamp() - interval '7 days'")
)  # fmt: skip
ROOM_HERE = "(SELECT open FROM ({room}) room)".replace(
    "{room}", ROOM.replace("{message}", "nurturing_message.id")
)
ROOM_FOR_ONE = "SELECT saw FROM ({room}) room WHERE open AND EXISTS ({gate})".replace(
    "{room}", ROOM.replace("{message}", "%s")
)
COUNTED = Q(state__in=("dot", "accepted", "unknown"))  # out, or perhaps out
RIVALS = Q(
    state__in=("queued", "claimed"),
    due_at__lte=Now(),
    enrolment__ended_at=None,
    enrolment__campaign__state=Campaign.State.ACTIVE,
)
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


def blocks() -> list[tuple[str, Any]]:
    """(reason, condition on Lead), the first that holds is the reason. One condition each: the planner likes
    several plain anti-joins much better than one that holds an OR."""
    return [
        (Ended.MERGED, Q(merged_into__isnull=False)),
        (Ended.NO_ADDRESS, Q(email=None) | Q(email="")),
        (Ended.UNSUBSCRIBED, suppressed("email")),
        (Ended.UNSUBSCRIBED, erased("email")),
        (Ended.UNSUBSCRIBED, Exists(Suppression.objects.filter(lead=OuterRef("pk")))),
        (Ended.DISQUALIFIED, Q(stage=Lead.Stage.DISQUALIFIED)),
        (Ended.DISQUALIFIED, Exists(Disqualification.objects.filter(lead=OuterRef("pk")))),
        (Ended.HANDED_OFF, Q(stage__in=WITH_SALES)),
        (Ended.HANDED_OFF, _offered()),
    ]


def with_blocker(leads: QuerySet[Lead]) -> QuerySet[Any]:
    """Annotates `blocker`: why this lead must not be mailed, in Enrolment.Ended's words, or empty."""
    whens = [When(condition, then=Value(reason)) for reason, condition in blocks()]
    return leads.annotate(blocker=Case(*whens, default=Value(""), output_field=CharField()))


def blocked(leads: QuerySet[Lead]) -> QuerySet[Any]:
    """Those of them that must not be mailed, with their `blocker`."""
    return with_blocker(leads).exclude(blocker="")


def mailable() -> QuerySet[Lead]:
    return Lead.objects.filter(*(~condition for _, condition in blocks()))


def in_window(prefix: str = "") -> Q:
    """Of campaigns: their start has come and their end has not."""
    begun = Q(**{f"{prefix}starts_at": None}) | Q(**{f"{prefix}starts_at__lte": Now()})
    return begun & (Q(**{f"{prefix}ends_at": None}) | Q(**{f"{prefix}ends_at__gt": Now()}))


def agreed(leads: QuerySet[Lead], topic_id: int | None) -> QuerySet[Lead]:
    """Those of them who may be mailed about this topic."""
    return leads.filter(consents.allows("pk", topic_id))


def not_agreed(runs: QuerySet[Enrolment]) -> QuerySet[Enrolment]:
    """Runs whose lead refused the campaign's topic, or never asked for one that needs asking.

    Who was asked to confirm may yet do so; meanwhile their mails wait.
    """
    topic = "campaign__topic_id"
    return runs.exclude(consents.allows("lead_id", topic)).exclude(consents.waits("lead_id", topic))


def may_be_unwilling() -> Q:
    """For Enrolment: hardly any lead ever refused something, so a sweep asks the others nothing."""
    no = Consent.objects.filter(Q(state=Consent.State.WITHDRAWN) | Q(expires_at__lte=Now()))
    return Q(lead__in=no.values("lead")) | Q(campaign__topic__opt_in=True)


def held_out(campaign: str, lead: str) -> Exists:
    """The draw kept this lead out of this campaign. Both name fields of the outer query."""
    return Exists(HoldOut.objects.filter(campaign=OuterRef(campaign), lead=OuterRef(lead)))


def running() -> QuerySet[Enrolment]:
    """Enrolments that may go on now: not ended, campaign running, goal not reached, lead mailable and willing."""
    return (
        Enrolment.objects.filter(
            in_window("campaign__"), ended_at=None, campaign__state=Campaign.State.ACTIVE
        )
        .exclude(campaign__goal=Campaign.Goal.MQL, lead__stage=Lead.Stage.MQL)
        .filter(Exists(mailable().filter(pk=OuterRef("lead_id"))))
        .filter(~held_out("campaign_id", "lead_id"))
        .filter(~consents.paused("lead_id"), consents.allows("lead_id", "campaign__topic_id"))
    )


def may_be_mailed() -> Q:
    """For Message: this run of this lead, at any hour. Subqueries only, so that an UPDATE keeps its own WHERE."""
    return (
        Q(Exists(running().filter(pk=OuterRef("enrolment_id"))))
        & ~Q(suppressed("to_address"))
        & ~Q(erased("to_address"))
    )


def may_be_sent() -> Q:
    """For Message: all gates, now. The table must go by its own name, as it does in a plain query or an UPDATE."""
    return may_be_mailed() & Q(RawSQL(ROOM_HERE, (), output_field=BooleanField()))  # noqa: S611, nothing typed in it


@cache
def one_may_be_sent() -> tuple[str, list[Any]]:
    """The same gates as SQL for one message: a row with what they `saw`, or none. ONE stands where its id belongs.

    Writing this query takes the ORM longer than the database needs to answer it, and it is asked for every mail.
    """
    query = Message.objects.filter(may_be_mailed(), pk=ONE).values("pk").query
    sql, params = query.sql_with_params()
    return ROOM_FOR_ONE.replace("{gate}", sql), [ONE, *params]
