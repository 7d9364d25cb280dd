"""What follows when the world answers a mail: it bounced, its reader complained, replied or wants no more.

Returned mails and the event feeds of mail services both end here, in any order and any number of times: each fact
has one effect. Callers hold a transaction and the lead's lock (`held`).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models.functions import Now
from django.utils import timezone

from leads.models import Lead
from leads.services.activities import NewActivity, record_activities
from leads.services.consent import suppress, suppress_for_complaint
from nurturing import ledger
from nurturing.models import Message, SoftBounce
from nurturing.services import mails

REPLY = "custom:reply"


def held(message: Message) -> Lead:
    """Locks the lead, first of all as everywhere, so that a mail at its fence is out already or sees what follows."""
    return Lead.objects.select_for_update(of=("self",)).get(enrolments__messages=message)


def arrived(message: Message, *, words: str, at_reader: bool = True) -> None:
    """Settles a mail nobody was sure about. `at_reader`: not merely handed on to a server that reports nothing."""
    ledger.settle_by_evidence(key=message.key, delivered=True, words=words)
    if at_reader:
        _record(message, "email_delivered", {})


def bounced_for_good(message: Message, *, status: str, words: str) -> None:
    """No lead is named: whoever has another address by now may be mailed there."""
    ledger.settle_by_evidence(key=message.key, delivered=False, words=_detail(status, words))
    suppress(address=message.to_address, reason="bounced", detail=_detail(status, words))
    Message.objects.filter(pk=message.pk).update(bounced=True)
    _record(message, "email_bounce", {"bounce_type": "hard"}, status=status)


def bounced_for_now(message: Message, *, status: str, words: str) -> None:
    """Counts once a mail. The address is given up when enough of its mails failed within days."""
    ledger.settle_by_evidence(key=message.key, delivered=False, words=_detail(status, words))
    address = message.to_address.lower()
    _, new = SoftBounce.objects.get_or_create(message=message, defaults={"address": address})
    if not new:
        return
    days, most = settings.SOFT_BOUNCE_DAYS, settings.SOFT_BOUNCES
    since = Now() - timedelta(days=days)
    number = SoftBounce.objects.filter(address=address, at__gt=since).count()
    if number >= most:
        detail = f"{number} mails within {days} days could not be delivered. {_detail(status, words)}"
        suppress(address=address, reason="bounced", detail=detail)
    _record(message, "email_bounce", {"bounce_type": "soft"}, status=status)


def complained(message: Message, *, lead: Lead, words: str = "") -> None:
    _read(message)
    detail = f"Reported a mail of {message.enrolment.campaign.name} as spam. {words}".strip()
    suppress_for_complaint(address=message.to_address, lead=lead, detail=detail)
    Message.objects.filter(pk=message.pk, complained_at=None).update(complained_at=Now())
    _record(message, "email_complaint", {})


def replied(message: Message) -> None:
    """Shown to whoever looks at the lead, and never answered by us. Once a mail."""
    _read(message)
    _record(message, REPLY, {})


def wants_no_more(message: Message) -> None:
    _read(message)
    mails.unsubscribe(message=message, how="mail")


def answered_by_machine(message: Message) -> None:
    """Neither a bounce nor a reply, but the mail is there."""
    _read(message)


def _read(message: Message) -> None:
    ledger.settle_by_evidence(
        key=message.key, delivered=True, words="Somebody answered the mail, so it arrived."
    )


def _record(message: Message, kind: str, props: dict[str, Any], *, status: str = "") -> None:
    campaign = message.enrolment.campaign.name
    props = {"campaign": campaign, "subject": message.step.subject} | props
    if status:
        props["status"] = status
    name = f"mail:{message.key}:{kind}" + (":soft" if props.get("bounce_type") == "soft" else "")
    activity = NewActivity(message.enrolment.lead_id, kind, timezone.now(), props, message_id=name)
    record_activities([activity], heed=False)


def _detail(status: str, words: str) -> str:
    return f"{status} {words}".strip()[:200]
