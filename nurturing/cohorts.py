"""Who is behind each number of a campaign: one definition for the number and for the list of leads it opens."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from nurturing.models import Campaign, Enrolment, Message, Unsubscribe
from nurturing.querysets import IN_DOUBT, UNDER_WAY

Ended = Enrolment.Ended
SENT = Q(state="accepted")
MAILS: dict[str, tuple[str, Q]] = {
    "sent": ("Were sent it", SENT),
    "delivered": ("Got it", SENT & Q(bounced=False, soft_bounce__isnull=True)),
    "opened": ("Opened it", Q(opened_at__isnull=False)),
    "clicked": ("Clicked in it", Q(clicked_at__isnull=False)),
    "unsubscribed": ("Opted out by it", Q(Exists(Unsubscribe.objects.filter(message=OuterRef("pk"))))),
    "bounced": ("Their mail came back", Q(bounced=True) | Q(soft_bounce__isnull=False)),
    "complained": ("Reported it as spam", Q(complained_at__isnull=False)),
    "refused": ("Their server refused it", Q(state="rejected")),
    "waiting": ("Their mail waits", Q(state__in=UNDER_WAY)),
    "doubtful": ("Their mail is in doubt", Q(state__in=IN_DOUBT)),
}
HELD_OUT = "held_out"
CHOICES = [
    ("inside", "In it now"),
    ("all", "Everybody"),
    *((str(key), str(label)) for key, label in Ended.choices),
    (HELD_OUT, "Held out"),
    *((key, words) for key, (words, _) in MAILS.items()),
]


class Asked(NamedTuple):
    """What a list is about, as in its address; whatever is nonsense is as if it were left out."""

    what: str = "inside"
    mail: UUID | None = None
    version: int | None = None


def asked(values: Any) -> Asked:
    what = values.get("ended", "")
    return Asked(
        what if what in dict(CHOICES) else "inside", _uuid(values.get("mail", "")), version_of(values)
    )


def version_of(values: Any) -> int | None:
    number = values.get("version", "")
    return int(number) if number.isdecimal() and len(number) < 6 else None


def runs_of(campaign: Campaign, version: int | None = None) -> QuerySet[Enrolment]:
    """Of one version: those who are in it, or were when they left."""
    runs = campaign.enrolments.all()
    return runs if version is None else runs.filter(version__number=version)


def runs(campaign: Campaign, it: Asked) -> QuerySet[Enrolment]:
    found = runs_of(campaign, it.version)
    if it.what in MAILS:
        return found.filter(Exists(_mails(it)))
    if it.what == "inside":
        return found.filter(ended_at=None)
    return found.filter(ended_because=it.what) if it.what in Ended.values else found


def mails_of(campaign: Campaign, version: int | None = None) -> QuerySet[Message]:
    found = Message.objects.filter(enrolment__campaign=campaign)
    return found if version is None else found.filter(enrolment__version__number=version)


def _mails(it: Asked) -> QuerySet[Message]:
    mails = Message.objects.filter(MAILS[it.what][1], enrolment=OuterRef("pk"))
    return mails if it.mail is None else mails.filter(step__key=it.mail)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
