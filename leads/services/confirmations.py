"""Verbs of double opt-in: what somebody asked for counts once whoever reads mail at that address confirms it.

    record_wish -> give | ask_to_confirm -> [a mail] -> confirm        ask_again: another mail of the same request

Nothing here sends mail: the floor above writes one for each that is asked for, and says when it left.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, TextChoices
from django.db.models.functions import Now
from django.utils import timezone

from leads import consents as rules
from leads.events import ConfirmationsAsked, WishesConfirmed, publish
from leads.models import Confirmation, Consent, Lead, Topic
from leads.services import consents
from leads.services.consent import is_suppressed
from leads.services.consents import Origin
from leads.services.merges import holder

KEPT = timedelta(days=14)  # a link counts as long
MOST_MAILS = 3  # of one request, so that nobody can fill a stranger's mailbox through a form of ours
APART = timedelta(minutes=5)  # a second press of the button gets no second mail
State = Consent.State


class Outcome(TextChoices):
    """What became of a wish."""

    GIVEN = "given", "Recorded."
    ASKED = "asked", "A mail asks them to confirm."
    ALREADY = "already", "They have agreed to that before."
    SUPPRESSED = "suppressed", "This address must not be mailed, so no mail was sent."
    NO_ADDRESS = "no_address", "There is no address to ask."
    ENOUGH = "enough", "They were asked often enough; the mails they have still count."


class Standing(TextChoices):
    """Where a request stands."""

    OPEN = "open", "Waits to be confirmed"
    CONFIRMED = "confirmed", "Confirmed"
    EXPIRED = "expired", "Not confirmed in time"
    REFUSED = "refused", "Withdrawn since"
    MOVED = "moved", "The person has another address now"


class Asked(NamedTuple):
    outcome: Outcome
    confirmation: Confirmation | None = None


@transaction.atomic
def record_wish(
    *, lead: Lead, topics: Sequence[Topic | None], wording: str, origin: Origin, version: str = ""
) -> Asked:
    """What somebody asked for on a form: at once, or where a topic says so once they confirm. None is mail at all.

    What they refused before needs their own yes by mail: whoever typed the address may be somebody else.
    """
    later = [topic for topic in topics if (topic and topic.confirm) or _refused(lead, topic)]
    for topic in topics:
        if topic not in later:
            consents.give(lead=lead, topic=topic, wording=wording, origin=origin, version=version)
    if not later:
        return Asked(Outcome.GIVEN)
    return ask_to_confirm(lead=lead, topics=later, wording=wording, origin=origin, version=version)


@transaction.atomic
def ask_to_confirm(
    *, lead: Lead, topics: Sequence[Topic | None], wording: str, origin: Origin, version: str = ""
) -> Asked:
    """Ask by mail whether they meant it; until they confirm, nothing is sent about these topics.

    What they have agreed to before stays agreed. A suppressed address gets no mail and nothing is recorded: coming
    back is a decision of its own (leads.services.consent.lift). Asked again, it is the same request.
    """
    lead = Lead.objects.select_for_update(of=("self",)).get(pk=holder(lead).pk)
    address = (lead.email or "").strip().lower()
    if not address:
        return Asked(Outcome.NO_ADDRESS)
    if is_suppressed(address) or lead.suppressions.exists():
        return Asked(Outcome.SUPPRESSED)
    wanted = [topic for topic in dict.fromkeys(topics) if not _agreed(lead, topic)]
    if not wanted:
        return Asked(Outcome.ALREADY)
    request, new = _open_request(lead, address)
    _record(request, lead, wanted, wording=wording, origin=origin, version=version)
    if new:
        publish(ConfirmationsAsked())
        return Asked(Outcome.ASKED, request)
    return _another_mail(request)


@transaction.atomic
def ask_again(*, confirmation: Confirmation) -> Asked:
    """They say that the mail did not come, or came too late. A request that ran out begins anew, with its words."""
    lead, confirmation = _locked(confirmation)
    where = standing(confirmation)
    if where == Standing.OPEN:
        return _another_mail(confirmation)
    if where != Standing.EXPIRED:
        return Asked(Outcome.ALREADY if where == Standing.CONFIRMED else Outcome.SUPPRESSED)
    wishes = list(open_wishes(confirmation))
    request, new = _open_request(lead, confirmation.address)
    for wish in wishes:
        origin = Origin(wish.source, wish.by, wish.ip, wish.evidence)
        _record(request, lead, [wish.topic], wording=wish.wording, origin=origin, version=wish.version)
    if new:
        publish(ConfirmationsAsked())
        return Asked(Outcome.ASKED, request)
    return _another_mail(request)


@transaction.atomic
def confirm(*, confirmation: Confirmation, origin: Origin) -> Standing:
    """They meant it: what they asked for is agreed from now on, with the proof. A second time changes nothing."""
    lead, confirmation = _locked(confirmation)
    where = standing(confirmation)
    if where != Standing.OPEN:
        return where
    now = timezone.now()
    Confirmation.objects.filter(pk=confirmation.pk).update(confirmed_at=now, confirmed_ip=origin.ip)
    proof = _proof(confirmation, origin, now)
    for wish in open_wishes(confirmation):
        consents.give(
            lead=lead, topic=wish.topic, wording=wish.wording, version=wish.version, confirmation=confirmation,
            origin=Origin(wish.source, wish.by, origin.ip or wish.ip, {**wish.evidence, **proof}),
        )  # fmt: skip
    publish(WishesConfirmed(lead_id=lead.pk))
    return Standing.CONFIRMED


def note_mailed(*, confirmation_id: int) -> None:
    """A mail server took a mail of this request."""
    Confirmation.objects.filter(pk=confirmation_id).update(mailed_at=Now())


def standing(confirmation: Confirmation) -> Standing:
    """A no that came later is stronger than an old mail."""
    lead = holder(confirmation.lead)
    if confirmation.confirmed_at:
        return Standing.CONFIRMED
    if is_suppressed(confirmation.address) or lead.suppressions.exists():
        return Standing.REFUSED
    if (lead.email or "").strip().lower() != confirmation.address:
        return Standing.MOVED
    if not open_wishes(confirmation).exists():
        return Standing.REFUSED
    over = confirmation.closed_at or confirmation.expires_at <= timezone.now()
    return Standing.EXPIRED if over else Standing.OPEN


def open_wishes(confirmation: Confirmation) -> QuerySet[Consent]:
    """What it asks about, in its order."""
    return still_wished().filter(confirmation=confirmation).select_related("topic").order_by("pk")


def still_wished() -> QuerySet[Consent]:
    """Everything asked for and not refused since."""
    later = Consent.objects.filter(
        Q(topic=OuterRef("topic")) | Q(topic=None),
        lead=OuterRef("lead"), channel=OuterRef("channel"), state=State.WITHDRAWN, pk__gt=OuterRef("pk"),
    )  # fmt: skip
    return Consent.objects.filter(~Exists(later), state=State.ASKED)


def _refused(lead: Lead, topic: Topic | None) -> bool:
    """The newest word about it, or about everything, is no."""
    about = Q(topic=None) | Q(topic=topic) if topic else Q(topic=None)
    decided = (State.GIVEN, State.WITHDRAWN)
    said = Consent.objects.filter(about, lead=holder(lead), channel=rules.EMAIL, state__in=decided).order_by(
        "-pk"
    )
    return said.values_list("state", flat=True).first() == State.WITHDRAWN


def _agreed(lead: Lead, topic: Topic | None) -> bool:
    """By a word of their own about that very thing, which still counts."""
    said = Lead.objects.annotate(entry=rules.relied_on("pk", topic.pk if topic else None)).get(pk=lead.pk)
    entry = said.entry and Consent.objects.get(pk=said.entry)
    if not entry or entry.topic_id != (topic.pk if topic else None) or entry.basis != Consent.Basis.CONSENT:
        return False
    return Lead.objects.filter(rules.allows("pk", entry.topic_id), pk=lead.pk).exists()


def _open_request(lead: Lead, address: str) -> tuple[Confirmation, bool]:
    """The one that is open for this address, or a new one. What ran out makes room, and what another lead asked
    when the address was theirs."""
    open_ones = Confirmation.objects.filter(address=address, confirmed_at=None, closed_at=None)
    open_ones.filter(Q(expires_at__lte=Now()) | ~Q(lead=lead)).update(closed_at=Now())
    found, new = open_ones.select_for_update(of=("self",)).get_or_create(
        address=address,
        confirmed_at=None,
        closed_at=None,
        defaults={
            "lead": lead,
            "address_hash": hashlib.sha256(address.encode()).hexdigest(),
            "expires_at": timezone.now() + KEPT,
        },
    )
    return found, new


def _record(
    request: Confirmation, lead: Lead, topics: Sequence[Topic | None], *, origin: Origin, **words: Any
) -> None:
    """Once for each topic of a request."""
    asked = set(open_wishes(request).values_list("topic", flat=True))
    for topic in topics:
        if (topic.pk if topic else None) not in asked:
            consents.ask(lead=lead, topic=topic, origin=origin, confirmation=request, **words)


def _another_mail(request: Confirmation) -> Asked:
    again = Confirmation.objects.filter(pk=request.pk, mails__lt=MOST_MAILS)
    if again.filter(last_asked_at__gt=Now() - APART).exists():
        return Asked(Outcome.ASKED, request)
    if not again.update(mails=F("mails") + 1, last_asked_at=Now()):
        return Asked(Outcome.ENOUGH, request)
    publish(ConfirmationsAsked())
    return Asked(Outcome.ASKED, request)


def _locked(confirmation: Confirmation) -> tuple[Lead, Confirmation]:
    """The lead first, as everywhere: an unsubscribe comes before or after, never in between."""
    lead = Lead.objects.select_for_update(of=("self",)).get(pk=holder(confirmation.lead).pk)
    return lead, Confirmation.objects.select_for_update(of=("self",)).get(pk=confirmation.pk)


def _proof(confirmation: Confirmation, origin: Origin, now: datetime) -> dict[str, Any]:
    times = {"asked_at": confirmation.asked_at, "mailed_at": confirmation.mailed_at, "confirmed_at": now}
    said = {name: at.isoformat() for name, at in times.items() if at}
    return {
        **said,
        **origin.evidence,
        "confirmation": confirmation.key.hex,
        "address_sha256": confirmation.address_hash,
    }
