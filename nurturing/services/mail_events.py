"""Takes in what a mail service tells: each event has its effect once, in whatever order they come.

An event that names a mail of ours has the effects of `outcomes`. One that does not may still say that an address is
dead, or that somebody wants no more: the service will not mail it again, so the lead with that address is told of.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models.functions import Lower, Now
from django.utils import timezone

from leads import partitions
from leads.models import Lead
from leads.services.activities import record_activity
from leads.services.consent import suppress_for_complaint
from nurturing import ledger
from nurturing.esp.events import Event
from nurturing.models import MailEvent, Message
from nurturing.services import mails, outcomes, tracking

logger = logging.getLogger(__name__)

FOREIGN_KEPT = timedelta(days=90)
PLAIN_AGENT = "mail program"  # some services do not say with what a mail was opened
OF_ADDRESS = {"bounced": "email_bounce", "complained": "email_complaint", "unsubscribed": "email_unsubscribe"}
REFUSED_BECAUSE = {
    "bounced": "bounced",
    "invalid": "bounced",
    "spam": "complained",
    "unsubscribed": "unsubscribed",
}


class Taken(NamedTuple):
    new: int = 0
    known: int = 0
    bad: int = 0


def take_in(events: Sequence[Event]) -> Taken:
    """One event that cannot be taken in does not stop the others. Raises OperationalError when the database is away."""
    known = set(
        map(
            bytes,
            MailEvent.objects.filter(digest__in=[e.digest for e in events]).values_list("digest", flat=True),
        )
    )
    fresh = [event for event in events if event.digest not in known]
    messages = _messages(fresh)
    new = bad = 0
    for event in fresh:
        try:
            new += _take_in(event, messages.get(event.key) if event.key else None)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            logger.exception("an event of %s could not be taken in", event.service)
            bad += 1
    return Taken(new, len(events) - new - bad, bad)


@transaction.atomic
def forget_foreign() -> int:
    old = MailEvent.objects.filter(message=None, received_at__lt=Now() - FOREIGN_KEPT)
    return MailEvent.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:5_000])).delete()[0]


def _messages(events: Iterable[Event]) -> Mapping[UUID, Message]:
    rows = Message.objects.select_related("enrolment__lead", "enrolment__campaign", "step__version")
    return {message.key: message for message in rows.filter(key__in={e.key for e in events if e.key})}


@transaction.atomic
def _take_in(event: Event, message: Message | None) -> bool:
    lead = outcomes.held(message) if message else None
    facts = event._asdict() | {"message": message, "happened_at": event.at}
    for name in ("at", "key", "dead", "digest"):
        del facts[name]
    _, new = MailEvent.objects.get_or_create(digest=event.digest, defaults=facts)
    if new and message and lead:
        _let_happen(event, message, lead)
    elif new and not message:
        _tell_of_address(event)
    return new


def _let_happen(event: Event, message: Message, lead: Lead) -> None:
    """Whatever is told of a mail, the service has it: a hand-over nobody was sure about is settled."""
    ledger.settle_by_evidence(
        key=message.key, delivered=True, words=f"The mail service reports: {event.kind}."
    )
    message.refresh_from_db(fields=["state", "sent_at"])
    match _meaning(event):
        case "delivered":
            outcomes.arrived(message, words=event.words)
        case "bounced" if event.dead:
            outcomes.bounced_for_good(message, status="", words=event.words)
        case "bounced":
            outcomes.bounced_for_now(message, status="", words=event.words)
        case "complained" if event.kind == "complained":
            outcomes.complained(message, lead=lead, words=event.words)
        case "complained":  # an older complaint, of which the service knows: this mail did not reach anybody
            suppress_for_complaint(address=message.to_address, lead=lead, detail="Known to the mail service.")
        case "unsubscribed":
            mails.unsubscribe(message=message, how="service")
        case "opened":
            tracking.told_of_open(message=message, visit=_visit(event))
        case "clicked" if not _is_ours(event):  # our own links tell by themselves
            tracking.told_of_click(message=message, url=event.url, visit=_visit(event))


def _meaning(event: Event) -> str:
    """A mail that the service refused to send says what it knew of the address before."""
    return REFUSED_BECAUSE.get(event.reason, "") if event.kind == "rejected" else event.kind


def _tell_of_address(event: Event) -> None:
    meaning = _meaning(event)
    kind = OF_ADDRESS.get(meaning)
    if kind is None or not event.recipient or (meaning == "bounced" and not event.dead):
        return
    address = event.recipient.lower()
    lead = Lead.objects.annotate(lower=Lower("email")).filter(lower=address, merged_into=None).first()
    if lead is not None:
        props = {"bounce_type": "hard"} if meaning == "bounced" else {}
        name = f"service:{event.digest.hex()}"
        record_activity(lead=lead, kind=kind, occurred_at=_moment(event), props=props, message_id=name)


def _is_ours(event: Event) -> bool:
    return event.url.startswith(f"{settings.BASE_URL}/")


def _visit(event: Event) -> tracking.Visit:
    signs = ("service",) if event.machine else ()
    return tracking.Visit(_moment(event), event.agent or PLAIN_AGENT, signs=signs)


def _moment(event: Event) -> datetime:
    """When it happened; services' clocks are sometimes wrong."""
    now = timezone.now()
    return event.at if event.at and partitions.EARLIEST <= event.at <= now else now
