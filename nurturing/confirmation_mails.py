"""Sends the mails that ask to confirm, one after the other over one connection. Their ledger: nurturing.confirming."""

from __future__ import annotations

import logging
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import Organisation
from leads.services.confirmations import open_wishes
from nurturing import confirming, delivery, epoch, letters, return_path, tokens, transports
from nurturing.languages import spoken_by
from nurturing.ledger import Claim
from nurturing.models import ConfirmationMail
from nurturing.pool import Crowded, Pool
from nurturing.rendering import CannotCompose, Sender, envelope_address, message_id
from nurturing.signing import BadKey, Signer
from nurturing.transports import LineBroke, Parcel, Refused, ServerAway

logger = logging.getLogger(__name__)
MOST = 100  # mails of one run; the next sweep goes on


def send_due() -> int:
    """How many were tried. Never raises for a mail; a server that is away leaves them queued."""
    confirming.settle_expired()
    confirming.write()
    if not confirming.waiting() or not epoch.may_send():
        return 0
    try:
        return _send()
    except (ServerAway, BadKey) as error:
        logger.warning("mails that ask to confirm wait: %s", error)
        return 0


def _send() -> int:
    signer, pool, tried = delivery.signer(), Pool(transports.chosen()), 0
    pool.open_first()
    try:
        while tried < MOST and (held := confirming.claim()):
            tried += 1
            _deliver(held, pool, signer)
    finally:
        pool.cut()
        pool.close_idle(0)
    return tried


def _deliver(held: Claim, pool: Pool, signer: Signer | None) -> None:
    try:
        parcel = _parcel(held, signer)
        channel = pool.send_body(parcel)
    except CannotCompose as error:
        confirming.reject(held, str(error))
    except Refused as no:
        _refused(held, no)
    except LineBroke as error:
        confirming.put_off(held, str(error))
    except (ServerAway, Crowded) as error:
        confirming.give_back(held)
        raise ServerAway(str(error)) from error
    else:
        if confirming.pass_fence(held):
            _commit(held, pool, channel)
        else:
            pool.drop(channel)
            confirming.turn_away(held)


def _commit(held: Claim, pool: Pool, channel: transports.Channel) -> None:
    try:
        confirming.accept(held, pool.commit(channel))
    except Refused as no:
        _refused(held, no)
    except LineBroke as error:
        confirming.doubt(held, f"The line broke after the mail was handed over: {error}")


def _refused(held: Claim, no: Refused) -> None:
    (confirming.reject if no.for_good else confirming.put_off)(held, str(no))


def _parcel(held: Claim, signer: Signer | None) -> Parcel:
    rows = ConfirmationMail.objects.select_related("confirmation__lead")
    mail = rows.get(pk=held.message_id)
    sender = letters.sender_of(Organisation.current())
    back = return_path.address(return_path.RETURN, mail.key, sender.domain)
    content = written(mail, sender)
    signed = signer.sign(content, timezone.now()) if signer else content
    return Parcel(mail.key.hex, back, envelope_address(mail.confirmation.address), signed)


def written(mail: ConfirmationMail, sender: Sender) -> bytes:
    """No tracking, nothing to unsubscribe from. In the lead's language. Raises CannotCompose."""
    request = mail.confirmation
    token = tokens.sign(tokens.CONFIRM, request.key)
    context = {
        "organisation": sender.organisation,
        "postal_address": sender.postal_address,
        "wishes": list(open_wishes(request)),
        "link": letters.web_address("nurturing:confirmation", token),
        "address": request.address,
        "expires_at": request.expires_at,
    }
    with translation.override(spoken_by(request.lead.language)):
        letter = _headed(mail, sender, _("Please confirm: mail from %s") % sender.organisation)
        letter.set_content(render_to_string("nurturing/confirmation.txt", context))
        letter.add_alternative(render_to_string("nurturing/confirmation_mail.html", context), subtype="html")
    return letter.as_bytes()


def _headed(mail: ConfirmationMail, sender: Sender, subject: str) -> EmailMessage:
    letter = EmailMessage(policy=SMTP)
    letter["From"] = Address(" ".join(sender.name.split()), addr_spec=envelope_address(sender.address))
    letter["To"] = envelope_address(mail.confirmation.address)
    letter["Subject"] = " ".join(subject.split())
    letter["Date"] = format_datetime(timezone.now())
    letter["Message-ID"] = message_id(mail.key.hex, sender.domain)
    letter["Auto-Submitted"] = "auto-generated"
    return letter
