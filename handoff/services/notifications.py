"""Telling people: rows under the bell, and deliveries that leave in their receiver's hours.

The unique key of a notification and that of a delivery make it once, whoever hears of the fact first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat, Now
from django.urls import reverse

from accounts.models import User
from handoff.clock import database_now
from handoff.events import NotificationsDue
from handoff.live import announce
from handoff.models import (
    Delivery,
    FeedbackRequest,
    Handoff,
    Notice,
    Notification,
    Opportunity,
    SlackHook,
    SlaClock,
)
from handoff.services import facts
from handoff.services.choices import choices_of
from handoff.services.facts import Note
from handoff.services.hours import hours_of, leaves_at
from handoff.services.signposts import links_for
from leads.events import publish
from scoring.models import ReviewReminder, ScoreCheck

LOOK_BACK = timedelta(days=1)  # a bell lost longer ago than that tells nobody anything new
ASK_BACK = timedelta(days=14)  # an opinion is still worth a reminder then
LIMIT = 1_000  # rows of one kind a sweep
Channel = Delivery.Channel


def tell(notes: Iterable[Note]) -> int:
    """Tells each once; how many were news. People who left, and news somebody turned off, are left out."""
    wanted = list(notes)
    by_id = people({note.user_id for note in wanted})
    return sum(_tell(by_id[note.user_id], note) for note in wanted if note.user_id in by_id)


def people(user_ids: Iterable[int]) -> dict[int, User]:
    """Those still here, with all that telling them asks for."""
    found = User.objects.filter(pk__in=set(user_ids), is_active=True).select_related("slack_hook", "team")
    return {user.pk: user for user in found.prefetch_related("notification_preferences")}


def ways(user: User, kind: str) -> tuple[bool, list[str]]:
    """Whether under the bell, and by which channels."""
    choice = choices_of(user)[kind]
    return choice.in_app, [each for each in choice.channels if each != Channel.SLACK or _hook_works(user)]


@transaction.atomic
def _tell(user: User, note: Note) -> bool:
    in_app, channels = ways(user, note.kind)
    if not in_app and not channels:
        return False
    row, created = Notification.objects.get_or_create(
        user=user, key=note.key, defaults=_first_told(user, note) | {"in_app": in_app}
    )
    if created:
        deliver(user, row, channels)
        if in_app:
            announce(users=[user.pk], kind="notification", id=row.pk)
    return created


def _first_told(user: User, note: Note) -> dict[str, Any]:
    """Where it leads is looked up only for what is news."""
    return {
        "kind": note.kind,
        "lead_id": note.lead_id,
        "text": note.text[:300],
        "link": lambda: links_for(user, [note])[0] or reverse("handoff:notifications"),
    }


def deliver(user: User, row: Notification, channels: list[str], wait: timedelta = timedelta()) -> None:
    """In the receiver's hours, and not before `wait` is over."""
    if not channels:
        return
    now, hours = database_now() + wait, hours_of(user)
    Delivery.objects.bulk_create(
        [
            Delivery(notification=row, channel=channel, due_at=leaves_at(row.kind, channel, hours, now))
            for channel in channels
        ],
        ignore_conflicts=True,
    )
    publish(NotificationsDue())


def read(*, user: Any, pk: int | None = None) -> int:
    """Marks one as read, or all of them; how many were not before."""
    rows = Notification.objects.visible_to(user).unread()
    return (rows.filter(pk=pk) if pk is not None else rows).update(read_at=Now())


def tell_handoff(pk: int) -> int:
    return tell([note for row in _handoffs().filter(pk=pk) for note in facts.of_handoff(row)])


def tell_clock(pk: int) -> int:
    return tell([note for row in _clocks().filter(pk=pk) for note in facts.of_clock(row)])


def tell_deal(pk: int) -> int:
    return tell([note for row in _deals().filter(pk=pk) for note in facts.of_deal(row)])


def tell_check(pk: int) -> int:
    return tell([note for row in _findings().filter(pk=pk) for note in facts.of_check(row)])


def tell_review(pk: int) -> int:
    return tell([note for row in _reminders().filter(pk=pk) for note in facts.of_review(row)])


def tell_missed() -> int:
    """Sweep: facts of the last day that no bell told anybody, the newest first."""
    return sum(
        tell(note for row in rows.order_by("-pk")[:LIMIT] for note in notes_of(row))
        for rows, notes_of in _missed(Now() - LOOK_BACK)
    )


def _missed(since: Any) -> list[tuple[QuerySet, Callable[[Any], list[Note]]]]:
    """What may be untold. Facts that concern nobody, such as what somebody did for themselves, are left out."""
    offered = _handoffs().filter(_open_ones(), offered_at__gt=since).exclude(offered_by=F("rep"))
    answered = _handoffs().filter(Q(accepted_at__gt=since) | Q(rejected_at__gt=since), settles_at=None)
    answered = answered.filter(Q(offered_by__isnull=False) | ~Q(answered_by=F("rep")))
    answered = answered.exclude(silence=Handoff.Silence.ACCEPTED)
    silent = _handoffs().filter(_where_silence_stands(), silence_at__gt=since)
    passed_on = Handoff.objects.filter(
        cycle=OuterRef("cycle"), pk__gt=OuterRef("pk"), offered_by=OuterRef("rep")
    )
    withdrawn = _handoffs().filter(~Exists(passed_on), withdrawn_at__gt=since)
    withdrawn = withdrawn.exclude(silence=Handoff.Silence.RETURNED)
    recycled = _handoffs().filter(
        accepted_at__isnull=False, withdrawn_at=None, cycle__outcome="recycled", cycle__closed_at__gt=since
    )
    breached = _clocks().filter(breach_told_at__gt=since)
    warned = _clocks().filter(warned_at__gt=since, breached_at=None)
    half = _clocks().filter(half_warned_at__gt=since, warned_at=None, breached_at=None)
    escalated = _clocks().filter(escalated_at__gt=since)
    deals = _deals().filter(Q(closed_at__gt=since) | Q(reopened__gt=0, stage_since__gt=since))
    asked = FeedbackRequest.objects.due().filter(due_at__gt=Now() - ASK_BACK)
    return [
        (_untold(offered, Notice.OFFERED), facts.of_handoff),
        (_untold(answered, Notice.ANSWERED), facts.of_handoff),
        (_untold(silent, Notice.SILENCE), facts.of_handoff),
        (_untold(withdrawn, Notice.TAKEN, Notice.UNDONE), facts.of_handoff),
        (_untold(recycled, facts.RECYCLED), facts.of_recycling),
        (_untold(breached, Notice.BREACHED), facts.of_clock),
        (_untold(warned, Notice.AT_RISK), facts.of_clock),
        (_untold(half, facts.HALF), facts.of_clock),
        (_untold(escalated, Notice.ESCALATED), facts.of_clock),
        (deals, facts.of_deal),
        (_untold(asked.select_related("handoff__lead"), Notice.FEEDBACK), facts.of_feedback),
        (_untold(_findings().filter(ended_at__gt=since), Notice.CHECK), facts.of_check),
        (_untold(_reminders().filter(at__gt=since), Notice.REVIEW), facts.of_review),
    ]


def _untold(rows: QuerySet, *kinds: str) -> QuerySet:
    for kind in kinds:
        key = Concat(Value(f"{kind}:"), Cast(OuterRef("pk"), CharField()))
        rows = rows.filter(~Exists(Notification.objects.filter(key=key)))
    return rows


def _open_ones() -> Q:
    return Q(accepted_at=None, rejected_at=None, withdrawn_at=None)


def _where_silence_stands() -> Q:
    """A manager who was to decide need not be told once somebody has."""
    escalated = Q(silence=Handoff.Silence.ESCALATED) & _open_ones()
    accepted = Q(silence=Handoff.Silence.ACCEPTED, withdrawn_at=None)
    return accepted | Q(silence=Handoff.Silence.RETURNED) | escalated


def _handoffs() -> QuerySet[Handoff]:
    related = ("lead__company", "rep", "answered_by", "reject_reason", "cycle__closed_by")
    return Handoff.objects.select_related(*related)


def _clocks() -> QuerySet[SlaClock]:
    return SlaClock.objects.select_related("cycle__lead", "handoff__rep").filter(
        met_at=None, cancelled_at=None
    )


def _deals() -> QuerySet[Opportunity]:
    return Opportunity.objects.select_related("owner", "changed_by", "handoff")


def _findings() -> QuerySet[ScoreCheck]:
    return ScoreCheck.objects.filter(differing__gt=0)


def _hook_works(user: User) -> bool:
    hook: SlackHook | None = getattr(user, "slack_hook", None)
    return hook is not None and hook.broken_at is None


def _reminders() -> QuerySet[ReviewReminder]:
    return ReviewReminder.objects.select_related("version")
