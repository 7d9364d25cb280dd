"""Who may be shown ads: members with a recorded permission for it, and nobody who said no to us."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from leads import consents
from leads.erased_addresses import erased
from leads.models import Consent, Lead, Suppression
from nurturing import gates
from nurturing.ad_formats import Format, Person
from nurturing.models import Audience, AudienceMember

ADS = Consent.Channel.ADS
CHUNK = 2_000
FIELDS = ("email", "phone", "first_name", "last_name", "country", "city")


def allowed(leads: QuerySet[Lead]) -> QuerySet[Any]:
    """Those who agreed to advertising, and neither took it back, nor are suppressed or disqualified."""
    agreed = leads.filter(merged_into=None, disqualification=None).exclude(email=None)
    agreed = agreed.annotate(permission=consents.relied_on("pk", None, ADS)).exclude(permission=None)
    suppressed = Suppression.objects.filter(lead=OuterRef("pk"))
    return agreed.filter(
        ~consents.refused("pk", ADS), ~gates.suppressed("email"), ~erased("email"), ~Exists(suppressed)
    )


def people(audience: Audience) -> QuerySet[Any]:
    """Members who may be exported now."""
    inside = AudienceMember.objects.filter(audience=audience, lead=OuterRef("pk"), left_at=None)
    return allowed(Lead.objects.filter(Exists(inside))).order_by("pk")


def gone(audience: Audience) -> QuerySet[Lead]:
    """Once members, to be taken off the network's list: they left, or may no longer be shown ads."""
    ever = AudienceMember.objects.filter(audience=audience, lead=OuterRef("pk"))
    once = Lead.objects.filter(Exists(ever)).exclude(email=None)
    return once.exclude(pk__in=people(audience).values("pk")).order_by("pk")


def lines(kind: Format, rows: QuerySet[Any]) -> Iterator[str]:
    """The file, line by line, whatever its length."""
    writer = csv.writer(_Echo())
    yield writer.writerow(kind.header)
    for values in rows.values_list(*FIELDS).iterator(chunk_size=CHUNK):
        yield writer.writerow(kind.row(Person(*values)))


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def counts(found: Iterable[Audience]) -> dict[int, tuple[int, int]]:
    """{audience: members, how many of them may be shown ads}."""
    return {
        audience.pk: (audience.members.filter(left_at=None).count(), people(audience).count())
        for audience in found
    }
