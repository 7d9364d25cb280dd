"""Delivery: from the ledger to a real SMTP server, each mail once.

    claim a batch -> for each: body, fence, dot, result -> tell the leads' timelines

A connection carries many mails. One bad mail is parked or refused alone; a server that is away leaves all of
them queued and a note that every page can show.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import Organisation
from leads.services.activities import NewActivity, record_activities
from leads.services.consent import suppress
from nurturing import ledger, letters, return_path, transports
from nurturing.ledger import Claim
from nurturing.models import MailTrouble, Message, Step, TrackedLink
from nurturing.rendering import CannotCompose, Mail, Sender, envelope_address
from nurturing.transports import Channel, LineBroke, Parcel, Refused, ServerAway

logger = logging.getLogger(__name__)

BATCH = 50  # mails; at worst as many as one lease covers
BATCH_SECONDS = ledger.LEASE.total_seconds() / 2  # what is not begun by then is given back
RUN_SECONDS = 60  # one task; the next bell or sweep goes on


class Result(NamedTuple):
    tried: int
    trouble: str = ""


def send_due(limit: int = 5_000) -> Result:
    """Send what is due, until nothing is, `limit` is reached or a minute is over. Never raises for a mail."""
    if not Message.objects.due().exists():
        tell_leads()
        return Result(0)
    post = PostOffice(letters.sender_of(Organisation.current()))
    tried, ends = 0, time.monotonic() + RUN_SECONDS
    try:
        post.connect()
        while tried < limit and time.monotonic() < ends:
            claims = ledger.claim(min(BATCH, limit - tried))
            if not claims and not Message.objects.due().exists():
                break
            post.send_batch(claims)
            tried += len(claims)
    except ServerAway as error:
        _note_trouble(str(error))
        return Result(tried, str(error))
    finally:
        post.close()
        tell_leads()
    return Result(tried)


class PostOffice:
    """One connection and the compiled mails of one run."""

    def __init__(self, sender: Sender) -> None:
        self.sender = sender
        self.connection: Channel | None = None
        self.mail = lru_cache(maxsize=200)(self._compile)

    def connect(self) -> Channel:
        """Raises ServerAway."""
        if self.connection is None:
            self.connection = transports.chosen().open()
            MailTrouble.objects.all().delete()
        return self.connection

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def send_batch(self, claims: Sequence[Claim]) -> None:
        """Raises ServerAway after giving back what was not tried."""
        messages = _load(claims)
        ends = time.monotonic() + BATCH_SECONDS
        for place, held in enumerate(claims):
            try:
                if time.monotonic() > ends:
                    ledger.give_back(list(claims[place:]))
                    return
                self.connect()
                self._send(held, messages.get(held.message_id))
            except ServerAway:
                ledger.give_back(list(claims[place:]))
                raise

    def _send(self, held: Claim, message: Message | None) -> None:
        if message is None:
            return
        try:
            mail, links = self.mail(message.step)
            letter = letters.letter_for(message, links, self.sender, timezone.now())
            content, recipient = mail.fill(letter), envelope_address(message.to_address)
            sender = return_path.address(return_path.RETURN, message.key, self.sender.domain)
        except CannotCompose as error:
            ledger.park(held, str(error))
        except Exception:  # whatever is wrong with this one must not stop the others
            logger.exception("message %s could not be composed", message.pk)
            ledger.park(held, "The mail could not be written. The log has the details.")
        else:
            self._exchange(held, Parcel(message.key.hex, sender, recipient, content))

    def _exchange(self, held: Claim, parcel: Parcel) -> None:
        connection = self.connect()
        try:
            connection.send_body(parcel)
        except Refused as no:
            self._refused(held, no)
        except LineBroke as error:
            self._hang_up()
            ledger.put_off(held, str(error))
        else:
            self._finish(held, connection)

    def _finish(self, held: Claim, connection: Channel) -> None:
        if not _fence(held):
            self._hang_up()
            ledger.turn_away(held)
            return
        try:
            ledger.accept(held, connection.commit())
        except Refused as no:
            self._refused(held, no)
        except LineBroke as error:
            self._hang_up()
            ledger.doubt(held, f"The line broke after the mail was handed over: {error}")

    def _refused(self, held: Claim, no: Refused) -> None:
        if no.code == 421:
            self._hang_up()
        if no.for_good:
            ledger.reject(held, str(no), bounced=no.no_such_address)
        else:
            ledger.put_off(held, str(no))

    def _hang_up(self) -> None:
        if self.connection is not None:
            self.connection.drop()
            self.connection = None

    def _compile(self, step: Step) -> tuple[Mail, dict[str, int]]:
        links = dict(TrackedLink.objects.filter(step=step).values_list("url", "pk"))
        return letters.mail_of(step, self.sender), links


def _fence(held: Claim) -> bool:
    """A fence that cannot be read is a closed one."""
    try:
        return ledger.pass_fence(held)
    except Exception:
        logger.exception("the fence of message %s could not be read", held.message_id)
        return False


def _load(claims: Sequence[Claim]) -> dict[int, Message]:
    rows = Message.objects.select_related("enrolment__lead__company", "step__version")
    return rows.in_bulk([held.message_id for held in claims])


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
