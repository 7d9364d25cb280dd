"""What each mail relies on: the entry of the record of consents, and the sentence that tells the reader."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from leads import consents
from leads.models import Consent
from nurturing.models import Message

Basis = Consent.Basis
NO_ENTRY = "No entry: the address was given to us and nobody objected"


def cite(messages: Mapping[int, Message]) -> None:
    """What each relies on now. The rows get it unsaved: the fence saves it."""
    wanted = consents.relied_on("enrolment__lead_id", "enrolment__campaign__topic_id")
    found = dict(Message.objects.filter(pk__in=messages).annotate(entry=wanted).values_list("pk", "entry"))
    entries = Consent.objects.select_related("topic").in_bulk(set(found.values()) - {None})
    for pk, message in messages.items():
        message.consent = entries.get(found.get(pk) or 0)
        message.basis = basis_words(message.consent)


def basis_words(entry: Consent | None) -> str:
    if entry is None:
        return NO_ENTRY
    proof = ", confirmed by mail" if entry.confirmation_id else ""
    return f"{entry.get_basis_display()}, {entry.at:%-d %b %Y}{proof}: {entry.topic or 'all mail'}"


def reason(entry: Consent | None, organisation: str) -> str:
    """For the foot of a mail: why this person gets it, in the language that is active."""
    if entry is None or entry.basis == Basis.INTEREST:
        words = _("You get this because you shared this address with %(organisation)s.")
        return words % {"organisation": organisation}
    because = {
        (Basis.CONSENT, True): _("You get this because you asked for “%(topic)s” on %(day)s."),
        (Basis.CONSENT, False): _(
            "You get this because you asked for mail from %(organisation)s on %(day)s."
        ),
        (Basis.CUSTOMER, False): _("You get this because you are a customer of %(organisation)s."),
        (Basis.CONTRACT, False): _("You get this because it belongs to your contract with %(organisation)s."),
    }
    kind = Basis(entry.basis), bool(entry.topic) and entry.basis == Basis.CONSENT
    day = date_format(entry.at, "DATE_FORMAT")
    return because[kind] % {"topic": entry.topic, "organisation": organisation, "day": day}
