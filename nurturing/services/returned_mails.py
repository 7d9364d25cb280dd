"""Takes a mail in that came to our return address: reads it, keeps the reading, lets it have its effect once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from leads.models import Lead
from nurturing import return_path
from nurturing.models import Message, ReturnedMail
from nurturing.return_path import Mark
from nurturing.returned import Incoming, incoming
from nurturing.services import mails, outcomes

Kind = ReturnedMail.Kind
OUR_ID = re.compile(r"<([0-9a-f]{32})@")  # Message-IDs of ours; nobody can guess one
FOREIGN_KEPT = timedelta(days=90)
BY_ANSWER = (Kind.REPLY, Kind.AUTO_REPLY, Kind.UNSUBSCRIBE, Kind.NONE)


def take_in(raw: bytes, *, source: str, recipients: Sequence[str] = ()) -> ReturnedMail | None:
    """The row, or None if this mail was taken in before. `recipients`: whom the mail server says it came for.

    A bounce or a complaint has an effect only if it names an address of ours with a genuine token; anybody can write
    a bounce. Everything else is kept as about no mail of ours.
    """
    mail = incoming(raw)
    mark, message = _subject_of(mail, recipients)
    with transaction.atomic():
        lead = outcomes.held(message) if message else None
        kind = _kind(mail, mark, message)
        row, new = ReturnedMail.objects.get_or_create(
            digest=_digest(mail, message), defaults=_facts(mail, kind, message) | {"source": source}
        )
        if not new:
            return None
        if message and lead:
            _let_happen(row, mail, message, lead)
    return row


@transaction.atomic
def forget_foreign() -> int:
    """What was about no mail of ours, and spam, is of no use after a while."""
    old = ReturnedMail.objects.filter(message=None, at__lt=Now() - FOREIGN_KEPT)
    ids = list(old.values_list("pk", flat=True)[:5_000])
    return ReturnedMail.objects.filter(pk__in=ids).delete()[0]


def _subject_of(mail: Incoming, recipients: Sequence[str]) -> tuple[Mark | None, Message | None]:
    """By our return address, or, for what a person writes, by the id of the mail that is answered."""
    for mark in return_path.found_in("\n".join([*recipients, mail.addressed])):
        message = mails.message_of(mark.key)
        if message is not None:
            return mark, message
    if mail.kind_for("") in BY_ANSWER:
        for found in OUR_ID.finditer(mail.answers):
            message = mails.message_of(UUID(found[1]))
            if message is not None:
                return None, message
    return None, None


def _kind(mail: Incoming, mark: Mark | None, message: Message | None) -> str:
    """Without a mail of ours there is no reply: strangers write, too."""
    wish = mark is not None and mark.purpose == return_path.UNSUBSCRIBE
    kind = mail.kind_for(message.to_address if message else "", wish=wish)
    return kind if message or kind not in (Kind.REPLY, Kind.UNSUBSCRIBE) else Kind.NONE


def _digest(mail: Incoming, message: Message | None) -> bytes:
    """With our own key in it: nobody can use up the name of a bounce that is still to come."""
    return hashlib.sha256(mail.identity + (message.key.bytes if message else b"")).digest()


def _facts(mail: Incoming, kind: str, message: Message | None) -> dict[str, Any]:
    finding = mail.finding_for(message.to_address if message else "")
    return {
        "message": message,
        "kind": kind,
        "status": finding.status if finding else "",
        "recipients": [_storable(address)[:254] for address in mail.reading.recipients],
        "sender": _storable(mail.sender)[:254],
        "subject": _storable(mail.subject)[:200],
        "words": _storable(mail.words),
    }


def _storable(text: str) -> str:
    """Half a surrogate pair and NUL are no text to PostgreSQL."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")


def _let_happen(row: ReturnedMail, mail: Incoming, message: Message, lead: Lead) -> None:
    finding = mail.finding_for(message.to_address)
    match row.kind:
        case Kind.HARD:
            outcomes.bounced_for_good(message, status=row.status, words=row.words)
        case Kind.SOFT if (
            finding and finding.action != "delayed"
        ):  # still being tried; the end is yet to come
            outcomes.bounced_for_now(message, status=row.status, words=row.words)
        case Kind.COMPLAINT:
            outcomes.complained(message, lead=lead, words=row.words)
        case Kind.UNSUBSCRIBE:
            outcomes.wants_no_more(message)
        case Kind.REPLY:
            outcomes.replied(message)
        case Kind.AUTO_REPLY:
            outcomes.answered_by_machine(message)
        case Kind.DELIVERED if finding:
            words = f"{row.status} {row.words}".strip() or "A server reported it as delivered."
            outcomes.arrived(message, words=words, at_reader=finding.action == "delivered")
