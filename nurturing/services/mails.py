"""What follows from a mail: it is opened, clicked, answered by an unsubscribe, decided about, tried out."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import Organisation
from leads.events import publish
from leads.models import Consent, Lead
from leads.services.activities import record_activity
from leads.services.consent import is_suppressed, suppress
from leads.services.consents import Origin
from nurturing import delivery, ledger, letters, transports
from nurturing.events import MessagesQueued
from nurturing.models import Message, Step, TrackedLink, Unsubscribe
from nurturing.rendering import CannotCompose, envelope_address
from nurturing.services import enrolments
from nurturing.signing import BadKey
from nurturing.transports import LineBroke, Parcel, Refused, ServerAway

SCANNER_CLICK = timedelta(seconds=2)  # nobody reads and clicks faster
SCANNER_OPEN = timedelta(seconds=10)  # proxies fetch pictures on delivery
SCANNERS = re.compile(
    r"bot|crawl|spider|scan|preview|prefetch|safelinks|proofpoint|mimecast|barracuda|urldefense|headless|"
    r"python|curl|wget|java/|okhttp|go-http|libwww|facebookexternalhit|slack|whatsapp|skype",
    re.IGNORECASE,
)
THEIR_MAIL = Origin(Consent.Source.MAIL)
APPLE_PROXY = "Mozilla/5.0"  # Apple Mail Privacy Protection sends exactly this


class CannotSend(Exception):
    """A test mail did not go out; says why in words."""


def unsubscribe(*, message: Message, how: str, origin: Origin = THEIR_MAIL) -> None:
    """Effective when this commits: no mail passes its fence afterwards. A second time changes nothing.

    The lead is locked first, as everywhere, so a mail at its fence is either out already or will see this.
    """
    with transaction.atomic():
        lead = Lead.objects.select_for_update(of=("self",)).get(enrolments__messages=message)
        again = is_suppressed(message.to_address) and Unsubscribe.objects.filter(message=message).exists()
        if not again:
            Unsubscribe.objects.create(message=message, address=message.to_address, how=how)
        why = _origin(message, how)
        suppress(address=message.to_address, reason="unsubscribed", lead=lead, detail=why, origin=origin)
        enrolments.stop_lead(lead.pk)
        record_activity(
            lead=lead,
            kind="email_unsubscribe",
            props=_props(message),
            message_id=f"mail:{message.key}:email_unsubscribe",
        )


def record_click(*, message: Message, link: TrackedLink, agent: str, method: str, at: datetime) -> None:
    """Kept once a minute for each link; a scanner's click is kept too, marked, and neither scores nor ends a run."""
    machine = is_machine(message, agent, method, at, SCANNER_CLICK)
    note_click(message=message, url=link.url, name=str(link.pk), machine=machine, at=at)


def note_click(*, message: Message, url: str, name: str, machine: bool, at: datetime) -> None:
    """`name` tells the links of a mail apart. The first click stays the first, though it be told last."""
    record_activity(
        lead=message.enrolment.lead,
        kind="email_click",
        occurred_at=at,
        props=_props(message) | {"url": url},
        message_id=_once(message, f"click:{name}", machine, at),
        machine=machine,
    )
    if not machine:
        later = Q(clicked_at=None) | Q(clicked_at__gt=at)
        Message.objects.filter(later, pk=message.pk).update(clicked_at=at)
        enrolments.reach_click_goal(message.enrolment_id)


def record_open(*, message: Message, agent: str, method: str, at: datetime) -> None:
    machine = agent.strip() == APPLE_PROXY or is_machine(message, agent, method, at, SCANNER_OPEN)
    note_open(message=message, machine=machine, at=at)


def note_open(*, message: Message, machine: bool, at: datetime) -> None:
    record_activity(
        lead=message.enrolment.lead,
        kind="email_open",
        occurred_at=at,
        props=_props(message),
        message_id=_once(message, "open", machine, at),
        machine=machine,
    )
    if not machine:
        later = Q(opened_at=None) | Q(opened_at__gt=at)
        Message.objects.filter(later, pk=message.pk).update(opened_at=at)


def is_machine(message: Message, agent: str, method: str, at: datetime, soonest: timedelta) -> bool:
    too_soon = message.sent_at is None or at - message.sent_at < soonest
    return method == "HEAD" or not agent.strip() or too_soon or SCANNERS.search(agent) is not None


def resolve(*, messages: QuerySet[Message], verdict: str, actor: Any) -> int:
    """A person settles mails in doubt (`ledger.Verdict`). How many; the rest somebody else had settled before."""
    done = ledger.resolve(messages=messages, verdict=verdict, actor=actor)
    if done and verdict == ledger.Verdict.AGAIN:
        publish(MessagesQueued())
    return done


def send_test(*, step: Step, lead: Lead, actor: Any) -> None:
    """To the actor's own address, as `lead` would get it. Not in the ledger. Raises CannotSend."""
    sender = letters.sender_of(Organisation.current())
    letter = letters.test_letter(lead, actor.email, sender, timezone.now(), uuid4(), step)
    try:
        content = letters.mail_of(step, sender).fill(letter)
        signer = delivery.signer()
        content = signer.sign(content, letter.at) if signer else content
        addresses = envelope_address(sender.address), envelope_address(actor.email)
        channel = transports.chosen().open()
        try:
            channel.send_body(Parcel(letter.key, *addresses, content))
            channel.commit()
        finally:
            channel.close()
    except (CannotCompose, ServerAway, Refused, LineBroke, BadKey) as error:
        raise CannotSend(f"The test mail was not sent: {error}") from error


def wake(lead_id: int) -> int:
    """Something that a lead's mails waited for is settled: their gates are asked anew at once."""
    held = Message.objects.filter(
        enrolment__lead=lead_id, state=Message.State.QUEUED, due_at__gt=Now(), failures=0
    )
    return held.update(due_at=Now())


def message_of(key: UUID) -> Message | None:
    rows = Message.objects.select_related("enrolment__lead", "enrolment__campaign", "step__version")
    return rows.filter(key=key).first()


def _props(message: Message) -> dict[str, Any]:
    return {"campaign": message.enrolment.campaign.name, "subject": message.step.subject}


def _origin(message: Message, how: str) -> str:
    way = {"mail": "By answering", "service": "By the mail service, for"}.get(how, "By the link in")
    return f"{way} a mail of {message.enrolment.campaign.name}."[:300]


def _once(message: Message, what: str, machine: bool, at: datetime) -> str:
    who = "machine" if machine else "person"
    return f"mail:{message.key}:{what}:{who}:{at:%Y%m%d%H%M}"
