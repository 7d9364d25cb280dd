"""Delivery: from the ledger to a real SMTP server, each mail once.

    lanes claim and send -> the leads' timelines are told

How a run sends is in nurturing.lanes; here is what it sends. One bad mail is parked or refused alone; a server that
is away leaves all of them queued and a note that every page can show.
"""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import Organisation
from leads.services.activities import NewActivity, record_activities
from leads.services.consent import suppress
from nurturing import epoch, languages, ledger, letters, return_path, transports
from nurturing.lanes import Run
from nurturing.ledger import Claim
from nurturing.models import MailTrouble, Message, Step, TrackedLink
from nurturing.rendering import CannotCompose, Mail, Sender, envelope_address
from nurturing.signing import BadKey, Signer, pem_of
from nurturing.transports import Parcel, ServerAway

logger = logging.getLogger(__name__)


class Result(NamedTuple):
    tried: int
    trouble: str = ""


def send_due(limit: int = 5_000) -> Result:
    """Send what is due, until nothing is, `limit` is reached or a minute is over. Never raises for a mail."""
    if not Message.objects.due().exists():
        tell_leads()
        return Result(0)
    try:
        return _send(limit) if epoch.may_send() else Result(0)
    except (ServerAway, BadKey) as error:
        _note_trouble(str(error))
        return Result(0, str(error))
    finally:
        tell_leads()


def _send(limit: int) -> Result:
    office = PostOffice(letters.sender_of(Organisation.current()), signer())
    transport = transports.chosen()
    run = Run(transport, office.compose, sender=office.sender.address, lanes=settings.MAIL_CONNECTIONS)
    run.pool.open_first()
    MailTrouble.objects.all().delete()
    run.go(limit)
    if run.trouble:
        _note_trouble(run.trouble)
    return Result(run.tried, run.trouble)


def signer() -> Signer | None:
    """None when DKIM is not wanted. Raises BadKey: then nothing leaves, for it would leave unsigned."""
    wanted = (settings.DKIM_DOMAIN, settings.DKIM_SELECTOR, settings.DKIM_KEY, settings.DKIM_KEY_FILE)
    if not any(wanted):
        return None
    pem = pem_of(settings.DKIM_KEY, settings.DKIM_KEY_FILE)
    return Signer.of(domain=settings.DKIM_DOMAIN, selector=settings.DKIM_SELECTOR, pem=pem)


class PostOffice:
    """The compiled mails of one run, and the parcels made of them."""

    def __init__(self, sender: Sender, signer: Signer | None = None) -> None:
        self.sender, self.signer = sender, signer
        self.mail = lru_cache(maxsize=200)(self._compile)

    def compose(self, held: Claim, message: Message) -> Parcel | None:
        """None when it cannot be written: then it is parked, and must not stop the others."""
        try:
            return self._parcel(message)
        except CannotCompose as error:
            ledger.park(held, str(error))
        except Exception:
            logger.exception("message %s could not be composed", message.pk)
            ledger.park(held, "The mail could not be written. The log has the details.")
        return None

    def _parcel(self, message: Message) -> Parcel:
        sender = return_path.address(return_path.RETURN, message.key, self.sender.domain)
        recipient = envelope_address(message.to_address)
        return Parcel(message.key.hex, sender, recipient, self.written(message))

    def written(self, message: Message) -> bytes:
        """Filled, and signed when there is a key. Raises CannotCompose."""
        mail, links = self.mail(message.step, languages.known(message.enrolment.lead.language))
        now = timezone.now()
        content = mail.fill(letters.letter_for(message, links, self.sender, now))
        return self.signer.sign(content, now) if self.signer else content

    def _compile(self, step: Step, language: str) -> tuple[Mail, dict[str, int]]:
        links = dict(TrackedLink.objects.filter(step=step).values_list("url", "pk"))
        return letters.mail_of(step, self.sender, language), links


def _note_trouble(reason: str) -> None:
    logger.warning("mail server away: %s", reason)
    MailTrouble.objects.update_or_create(pk=1, defaults={"reason": reason[:300]})


def tell_leads(limit: int = 2_000) -> int:
    """Write settled mails into the leads' timelines, and suppress addresses that do not exist. Idempotent."""
    with transaction.atomic():
        fresh = Message.objects.untold().order_by("pk").select_for_update(of=("self",), skip_locked=True)
        messages = list(fresh.select_related("enrolment", "step__version__campaign")[:limit])
        news = [message for message in messages if message.state == Message.State.ACCEPTED or message.bounced]
        told = record_activities([_activity(message) for message in news], heed=False)
        for message in messages:
            if message.bounced:
                lead = message.enrolment.lead
                suppress(address=message.to_address, reason="bounced", lead=lead, detail=message.reply)
        Message.objects.filter(pk__in=[message.pk for message in messages]).update(told_at=Now())
    return told


def _activity(message: Message) -> NewActivity:
    """Sent, or bounced. Any other refusal is ours to read, not something about the lead."""
    kind = "email_sent" if message.state == Message.State.ACCEPTED else "email_bounce"
    step = message.step
    props = {"campaign": step.version.campaign.name, "subject": step.subject}
    moment = message.sent_at or timezone.now()
    return NewActivity(
        message.enrolment.lead_id, kind, moment, props, message_id=f"mail:{message.key}:{kind}"
    )
