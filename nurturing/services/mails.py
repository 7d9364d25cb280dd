"""What follows from a mail: an unsubscribe, a decision, a trial. Opens and clicks: `tracking`."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import QuerySet
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
from nurturing.models import Message, Step, Unsubscribe
from nurturing.rendering import CannotCompose, envelope_address
from nurturing.services import enrolments
from nurturing.signing import BadKey
from nurturing.transports import LineBroke, Parcel, Refused, ServerAway

THEIR_MAIL = Origin(Consent.Source.MAIL)


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
            props=props_of(message),
            message_id=f"mail:{message.key}:email_unsubscribe",
        )


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
        content = letters.mail_of(step, sender, lead.language).fill(letter)
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


def props_of(message: Message) -> dict[str, Any]:
    return {"campaign": message.enrolment.campaign.name, "subject": message.step.subject}


def _origin(message: Message, how: str) -> str:
    way = {"mail": "By answering", "service": "By the mail service, for"}.get(how, "By the link in")
    return f"{way} a mail of {message.enrolment.campaign.name}."[:300]
