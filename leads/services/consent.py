"""Verbs about whom we must not mail. A suppression belongs to an address and outlives the lead."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Lower

from leads import erased_addresses
from leads.consents import refused
from leads.events import LeadSuppressed, publish
from leads.models import Consent, Lead, Suppression
from leads.services import consents
from leads.services.consents import Origin
from leads.services.touches import touch

# The person's own word, and what their mail server said, is not ours to take back.
NOT_OURS_TO_LIFT = frozenset([Suppression.Reason.COMPLAINED])
THEIR_WORD = frozenset([Suppression.Reason.UNSUBSCRIBED, Suppression.Reason.COMPLAINED])
A_COLLEAGUE, AN_EVENT = Origin(Consent.Source.PERSON), Origin(Consent.Source.API)
ASKED_AGAIN = "Asked a colleague to be mailed again."


class CannotLift(ValueError):
    """Says why this suppression stays."""


@transaction.atomic
def suppress(
    *,
    address: str,
    reason: str,
    lead: Lead | None = None,
    detail: str = "",
    origin: Origin = A_COLLEAGUE,
) -> bool:
    """Never mail this address. True when it is new; the first reason stays."""
    address = address.strip().lower()
    owner = (
        lead or Lead.objects.annotate(lower=Lower("email")).filter(lower=address, merged_into=None).first()
    )
    if owner:
        _record_refusals({address: owner.pk}, reason, detail, origin)
    if is_suppressed(address):
        return False
    rows = Suppression.objects.bulk_create(
        [Suppression(address=address, lead=owner, reason=reason, detail=detail[:300])], ignore_conflicts=True
    )
    if owner:
        touch([owner.pk])
        publish(LeadSuppressed(lead_id=owner.pk))
    return bool(rows)


@transaction.atomic
def suppress_for_complaint(*, address: str, lead: Lead, detail: str) -> None:
    """As `suppress`, but replaces a milder reason: a complaint alone can never be lifted."""
    address = address.strip().lower()
    milder = Suppression.objects.filter(address=address).exclude(reason=Suppression.Reason.COMPLAINED)
    milder.update(reason=Suppression.Reason.COMPLAINED, detail=detail[:300])
    suppress(address=address, reason=Suppression.Reason.COMPLAINED, lead=lead, detail=detail)


@transaction.atomic
def suppress_many(
    *, addresses: Mapping[str, int], reason: str, detail: str, origin: Origin = AN_EVENT
) -> int:
    """{address in lower case: lead id}, as an import finds them; how many are new."""
    known = set(Suppression.objects.filter(address__in=addresses).values_list("address", flat=True))
    fresh = sorted(set(addresses) - known)
    Suppression.objects.bulk_create(
        [Suppression(address=a, lead_id=addresses[a], reason=reason, detail=detail[:300]) for a in fresh],
        ignore_conflicts=True,
    )
    _record_refusals(addresses, reason, detail, origin)
    for address in fresh:
        publish(LeadSuppressed(lead_id=addresses[address]))
    return len(fresh)


@transaction.atomic
def lift(*, address: str, wording: str = ASKED_AGAIN, origin: Origin = A_COLLEAGUE) -> bool:
    """Mail may go there again, because the person asked for it. Raises CannotLift after a spam complaint."""
    found = _of(address).first()
    if found is None:
        return False
    if found.reason in NOT_OURS_TO_LIFT:
        raise CannotLift("This person reported our mail as spam. That cannot be taken back here.")
    found.delete()
    if found.lead:
        consents.give(lead=found.lead, topic=None, wording=wording, origin=origin)
    return True


def _record_refusals(addresses: Mapping[str, int], reason: str, detail: str, origin: Origin) -> None:
    """What the person themselves said belongs into the record of consents, once; what a server said does not."""
    if reason in THEIR_WORD and addresses:
        said = Lead.objects.filter(refused("pk"), pk__in=addresses.values()).values_list("pk", flat=True)
        silent = {address: pk for address, pk in addresses.items() if pk not in set(said)}
        words = detail or Suppression.Reason(reason).label
        consents.withdraw_all(addresses=silent, wording=words, origin=origin)


def is_suppressed(address: str) -> bool:
    return _of(address).exists()


def _of(address: str) -> QuerySet[Suppression]:
    """Under its own name, or disguised since somebody with it was erased."""
    names = [address.strip().lower(), *erased_addresses.all_disguises(address)]
    return Suppression.objects.annotate(lower=Lower("address")).filter(lower__in=names)
