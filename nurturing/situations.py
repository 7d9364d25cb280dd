"""Reads what the gates see of some mails, for nurturing.weighing. A fixed number of queries for any number of mails."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import BooleanField, Case, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Coalesce, Lower, Now

from accounts.models import Organisation
from leads import consents
from leads.erased_addresses import erased
from leads.models import Lead, Suppression
from nurturing import gates, quiet, weighing
from nurturing.models import Campaign, Enrolment, HoldOut, Message, SendingRules
from nurturing.weighing import PASS, STOP, WAIT, WEEK, Line, Situation, Verdict

Ended = Enrolment.Ended
UNCONFIRMED = timedelta(hours=6)  # looked at again; a confirmation wakes the mail at once


class Words(NamedTuple):
    gate: str
    good: str
    bad: str


LEAD_GATES = {
    Ended.MERGED: Words("merged", "Was not merged into another lead.", "Was merged into another lead."),
    Ended.NO_ADDRESS: Words("address", "Has an address.", "Has no address."),
    Ended.UNSUBSCRIBED: Words("consent", "Nobody asked us not to write.", "Must not be mailed"),
    Ended.DISQUALIFIED: Words("disqualified", "Is not disqualified.", "Is disqualified."),
    Ended.HANDED_OFF: Words("stage", "Sales does not work the lead.", "Sales works the lead."),
}


class Rival(NamedTuple):
    """A mail that is due; the smaller goes first."""

    priority: int
    queued_at: datetime
    pk: int
    campaign: str


class Post(NamedTuple):
    """Of some leads: when they were mailed in the last seven days, newest first, and which mails are due."""

    sent: dict[int, list[datetime]]
    due: dict[int, list[Rival]]


def verdicts(ids: Collection[int]) -> dict[int, Verdict]:
    return {pk: weighing.verdict(it, weighing.weigh(it)) for pk, it in situations(ids).items()}


def situations(ids: Collection[int]) -> dict[int, Situation]:
    """With the database's own now, as the conditions have it."""
    rows = Message.objects.filter(pk__in=ids).select_related("enrolment__campaign__topic")
    messages = list(
        _with_wishes(
            rows.annotate(
                seen_at=Now(), address_kept_out=gates.suppressed("to_address") | erased("to_address")
            )
        )
    )
    leads = with_blocks(Lead.objects.filter(enrolments__messages__in=ids).distinct()).in_bulk()
    rules, organisation, post = SendingRules.objects.first(), Organisation.current(), _post(list(leads))
    return {
        message.pk: _situation(message, leads[message.enrolment.lead_id], rules, organisation, post)
        for message in messages
    }


def _with_wishes(messages: QuerySet[Message]) -> QuerySet[Any]:
    """What the lead asked for: topics, and a pause."""
    lead, topic = "enrolment__lead_id", "enrolment__campaign__topic_id"
    held = HoldOut.objects.filter(campaign=OuterRef("enrolment__campaign_id"), lead=OuterRef(lead))
    willing = When(consents.allows(lead, topic), then=True)
    asked = When(consents.waits(lead, topic), then=True)
    return messages.annotate(
        willing=Case(willing, default=False, output_field=BooleanField()),
        awaits_confirmation=Case(asked, default=False, output_field=BooleanField()),
        held_out_at=Subquery(held.values("percent")[:1]),
        resting=consents.paused(lead),
        rests_until=consents.pause_ends(lead),
    )


def with_blocks(leads: QuerySet[Lead]) -> QuerySet[Any]:
    """Each gate that asks about the lead alone as a column, and the suppression that speaks first."""
    flags = {
        f"block_{number}": Case(When(condition, then=True), default=False, output_field=BooleanField())
        for number, (_, condition) in enumerate(gates.blocks())
    }
    mine = Suppression.objects.annotate(key=Lower("address"))
    first = mine.filter(Q(key=Lower(OuterRef("email"))) | Q(lead=OuterRef("pk"))).order_by("at")
    return leads.annotate(
        **flags,
        kept_out_by=Subquery(first.values("reason")[:1]),
        kept_out_at=Subquery(first.values("at")[:1]),
    )


def lead_lines(lead: Any) -> list[Line]:
    """One line a gate that asks about the lead alone. `lead` comes from `with_blocks`."""
    lines: dict[str, Line] = {}
    for number, (reason, _) in enumerate(gates.blocks()):
        words = LEAD_GATES[Ended(reason)]
        if getattr(lead, f"block_{number}"):
            lines[words.gate] = Line(words.gate, STOP, _bad(lead, words))
        else:
            lines.setdefault(words.gate, Line(words.gate, PASS, words.good))
    return list(lines.values())


def _bad(lead: Any, words: Words) -> str:
    if words.gate == "consent" and lead.kept_out_by:
        why = Suppression.Reason(lead.kept_out_by).label
        return f"{words.bad}: {why[:1].lower()}{why[1:]} on {lead.kept_out_at:%-d %b %Y}."
    return words.bad


def _situation(
    message: Any, lead: Any, rules: SendingRules | None, organisation: Organisation, post: Post
) -> Situation:
    run, campaign = message.enrolment, message.enrolment.campaign
    zone, known = quiet.zone_of(lead.time_zone, organisation.time_zone)
    mine = Rival(campaign.priority, message.queued_at, message.pk, campaign.name)
    return Situation(
        now=message.seen_at,
        queued_at=message.queued_at,
        zone=zone,
        zone_known=known,
        ours=rules.hours if rules else None,
        own=campaign.hours,
        state=campaign.state,
        ended=run.get_ended_because_display() if run.ended_at else "",
        starts_at=campaign.starts_at,
        ends_at=campaign.ends_at,
        goal_words=campaign.goal_words,
        goal_reached=campaign.goal == Campaign.Goal.MQL and lead.stage == Lead.Stage.MQL,
        blocks=[_held_out(message), *_blocks(message, lead), _topic(message)],
        rests=message.resting,
        rests_until=message.rests_until,
        cap_day=rules.cap_day if rules else None,
        cap_week=rules.cap_week if rules else None,
        sent=post.sent[lead.pk],
        ahead=[rival.campaign for rival in sorted(post.due[lead.pk]) if rival[:3] < mine[:3]],
        patience=timedelta(days=rules.patience_days) if rules else None,
    )


def _blocks(message: Any, lead: Any) -> Sequence[Line]:
    lines = lead_lines(lead)
    if message.address_kept_out and not any(
        line.gate == "consent" and line.verdict == STOP for line in lines
    ):
        words = f"{message.to_address} must not be mailed."
        return [line for line in lines if line.gate != "consent"] + [Line("consent", STOP, words)]
    return lines


def _held_out(message: Any) -> Line:
    if message.held_out_at is None:
        return Line("holdout", PASS, "Is not held out.")
    return Line("holdout", STOP, f"Held out by the campaign ({message.held_out_at}%).")


def _topic(message: Any) -> Line:
    topic = message.enrolment.campaign.topic
    about = f"about {topic}" if topic else "from campaigns"
    if message.willing:
        return Line("topic", PASS, f"May be mailed {about}.")
    if message.awaits_confirmation:
        words = f"Was asked to confirm mail {about}, and has not done so yet."
        return Line("topic", WAIT, words, message.seen_at + UNCONFIRMED)
    return Line("topic", STOP, f"Refused mail {about}, or never agreed to it.")


def _post(leads: Collection[int]) -> Post:
    """Mails to somebody who was merged into one of the leads count as the lead's own."""
    post = Post(defaultdict(list), defaultdict(list))
    whose = {pk: pk for pk in leads} | dict(
        Lead.objects.filter(merged_into__in=leads).values_list("pk", "merged_into_id")
    )
    theirs = Message.objects.filter(enrolment__lead__in=whose)
    out = theirs.filter(gates.COUNTED).annotate(out_at=Coalesce("dot_at", "sent_at"))
    for lead, at in (
        out.filter(out_at__gt=Now() - WEEK).order_by("-out_at").values_list("enrolment__lead", "out_at")
    ):
        post.sent[whose[lead]].append(at)
    due = theirs.filter(gates.RIVALS).values_list(
        "enrolment__lead", "enrolment__campaign__priority", "queued_at", "pk", "enrolment__campaign__name"
    )
    for lead, priority, queued_at, pk, campaign in due:
        post.due[whose[lead]].append(Rival(priority, queued_at, pk, campaign))
    return post
