"""Opens and clicks: kept as hits, and what follows once they are known to be a person's, or turn out not to be.

`opened_at` and `clicked_at` of a mail, which conditions, waits, splits and reports ask, are those of its first hit
that stands as a person's. Judging and holding: leads.services.hits.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from leads.events import publish
from leads.machines.seen import CLICK, FOOT, OPEN, TRAP, TRAP_LINK, UNSUBSCRIBE_LINK
from leads.models import Hit, Lead
from leads.services import hits
from nurturing import gates
from nurturing.events import MessagesQueued
from nurturing.models import Campaign, Enrolment, Message, TrackedLink
from nurturing.services import enrolments
from nurturing.services.mails import props_of

MOMENTS = {CLICK: "clicked_at", OPEN: "opened_at"}


class Visit(NamedTuple):
    """What a request says of whoever made it. A mail service tells of visits without method and address."""

    at: datetime
    agent: str
    method: str = "GET"
    address: str | None = None
    signs: tuple[str, ...] = ()


def record_click(*, message: Message, link: TrackedLink, visit: Visit) -> None:
    """Scanners' clicks are kept too; they neither score nor end a run."""
    links = list(TrackedLink.objects.filter(step=message.step_id).order_by("pk").values_list("pk", flat=True))
    hit = _hit(message, visit, CLICK, "email_click", detail=link.url, props={"url": link.url})
    hit.link, hit.links = links.index(link.pk) + 1 if link.pk in links else 0, len(links)
    hits.record(hit)


def record_open(*, message: Message, visit: Visit) -> None:
    hits.record(_hit(message, visit, OPEN, "email_open"))


def record_trap(*, message: Message, visit: Visit) -> None:
    """The link that no reader can see. No deed of the lead; it tells on who came with it."""
    hit = _hit(message, visit, TRAP)
    hit.link = TRAP_LINK
    hits.record(hit)


def record_foot(*, message: Message, visit: Visit) -> None:
    """The page behind the unsubscribe link, looked at. Scanners follow that link with the others."""
    hit = _hit(message, visit, FOOT)
    hit.link = UNSUBSCRIBE_LINK
    hits.record(hit)


def told_of_open(*, message: Message, visit: Visit) -> None:
    """By the mail service, some time later; so it takes effect at once."""
    record_open(message=message, visit=visit)
    follow([message.key])


def told_of_click(*, message: Message, url: str, visit: Visit) -> None:
    hits.record(_hit(message, visit, CLICK, "email_click", detail=url, props={"url": url}))
    follow([message.key])


def settle_due(*, hold: timedelta = hits.HOLD) -> int:
    """How many mails had hits whose time had come."""
    settled = hits.settle_due(hold=hold)
    follow()
    return settled


def follow(mails: Iterable[UUID] = ()) -> int:
    """Let what was settled or changed sides have its consequences; without names, for all that wait for it."""
    stale = Hit.objects.filter(stale=True, mail__isnull=False)
    stale = stale.filter(mail__in=list(mails)) if mails else stale.order_by("pk")[:2000]
    waiting = dict.fromkeys(stale.values_list("mail", flat=True))
    for key in filter(None, waiting):
        _follow(key)
    return len(waiting)


@transaction.atomic
def _follow(key: UUID) -> None:
    message = Message.objects.filter(key=key).select_related("enrolment__campaign").first()
    if message is not None:
        Lead.objects.select_for_update(of=("self",)).filter(pk=message.enrolment.lead_id).first()
        _set_moments(message)
    Hit.objects.filter(mail=key, stale=True).update(stale=False)


def _set_moments(message: Message) -> None:
    message.refresh_from_db(fields=list(MOMENTS.values()))
    clicked = message.clicked_at
    met = list(Hit.objects.filter(mail=message.key, kind__in=MOMENTS, settled_at__isnull=False))
    for kind, name in MOMENTS.items():
        setattr(message, name, _first(getattr(message, name), [hit for hit in met if hit.kind == kind]))
    message.save(update_fields=list(MOMENTS.values()))
    if message.clicked_at and not clicked:
        enrolments.reach_click_goal(message.enrolment_id)
    elif clicked and not message.clicked_at:
        _take_goal_back(message.enrolment)


def _first(known: datetime | None, met: list[Hit]) -> datetime | None:
    """A moment noted before hits were kept stays; one that was a machine's goes."""
    mistaken = known in {hit.at for hit in met if hit.machine}
    people = [hit.at for hit in met if not hit.machine]
    return min([*people, *([known] if known and not mistaken else [])], default=None)


def _take_goal_back(run: Enrolment) -> None:
    """The click that ended the run was a machine's: it goes on where it stood, unless that is not wanted any more.

    A wait lasts as long as it would have, and a mail that was stopped with the run is queued again.
    """
    if run.campaign.goal != Campaign.Goal.CLICK or run.campaign.state == Campaign.State.ENDED:
        return
    clicked = Message.objects.filter(enrolment=run.pk, clicked_at__isnull=False)
    others = Enrolment.objects.filter(
        Q(ended_at=None) | Q(rotation__gt=run.rotation), campaign=run.campaign_id, lead=OuterRef("lead")
    ).exclude(pk=run.pk)
    ended = Enrolment.objects.filter(pk=run.pk, ended_because=Enrolment.Ended.GOAL)
    if not clicked.exists() and not gates.blocked(Lead.objects.filter(pk=run.lead_id)).exists():
        waits = run.visits.filter(step=run.step_id, left_at=None, until__isnull=False)
        until = waits.values_list("until", flat=True).first() or Now()
        if ended.filter(~Exists(others)).plan(until, ended_at=None, ended_because=""):
            _queue_again(run)


def _queue_again(run: Enrolment) -> None:
    """What stopped with the run, and nothing that may have left before."""
    stopped = Message.objects.filter(enrolment=run.pk, step=run.step_id, state=Message.State.SUPPRESSED)
    if stopped.filter(dot_at=None).update(state=Message.State.QUEUED, due_at=Now(), reply=""):
        Enrolment.objects.filter(pk=run.pk).plan(None)
        publish(MessagesQueued())


def _hit(
    message: Message,
    visit: Visit,
    kind: str,
    activity: str = "",
    *,
    detail: str = "",
    props: dict[str, str] | None = None,
) -> Hit:
    sent = message.sent_at or message.dot_at
    return Hit(
        lead=message.enrolment.lead, kind=kind, activity=activity, at=visit.at, mail=message.key, sent_at=sent,
        recipient=message.to_address, campaign=message.enrolment.campaign.name[:200], detail=detail[:300],
        props=props_of(message) | (props or {}) if activity else {}, method=visit.method[:10],
        agent=visit.agent.replace("\x00", "")[:500], address=visit.address, signs=list(visit.signs),
    )  # fmt: skip
