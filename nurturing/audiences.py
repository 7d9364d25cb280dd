"""Who may be shown ads: members with a recorded permission for it, and nobody who said no to us."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import CharField, Exists, Func, OuterRef, QuerySet, TextField
from django.db.models.functions import Cast

from leads import consents
from leads.erased_addresses import erased
from leads.models import Consent, Lead, Suppression
from nurturing import gates
from nurturing.ad_formats import Format, Person
from nurturing.models import Audience, AudienceMember, AudienceUpload

ADS = Consent.Channel.ADS
CHUNK = 2_000
FIELDS = ("email", "phone", "first_name", "last_name", "country", "city")
SHA256 = "encode(sha256(convert_to(%(expressions)s, 'UTF8')), 'hex')"
GOOGLE = """CASE WHEN %(expressions)s ~ '@(gmail|googlemail)[.]com$' THEN
replace(split_part(%(expressions)s, '@', 1), '.', '') || '@' || split_part(%(expressions)s, '@', 2)
ELSE %(expressions)s END"""


def allowed(leads: QuerySet[Lead]) -> QuerySet[Any]:
    """Those who agreed to advertising, and neither took it back, nor are suppressed or disqualified."""
    agreed = leads.filter(merged_into=None, disqualification=None).exclude(email=None)
    agreed = agreed.annotate(permission=consents.relied_on("pk", None, ADS)).exclude(permission=None)
    suppressed = Suppression.objects.filter(lead=OuterRef("pk"))
    return agreed.filter(
        ~consents.refused("pk", ADS), ~gates.suppressed("email"), ~erased("email"), ~Exists(suppressed)
    )


def inside(audience: Audience) -> QuerySet[AudienceMember]:
    """Who is in it now. A merged lead's place is the other one's."""
    return audience.members.filter(left_at=None, lead__merged_into=None)


def people(audience: Audience) -> QuerySet[Any]:
    """Members who may be exported now."""
    inside = AudienceMember.objects.filter(audience=audience, lead=OuterRef("pk"), left_at=None)
    return allowed(Lead.objects.filter(Exists(inside))).order_by("pk")


def uploaded(audience: Audience, network: str) -> QuerySet[Any]:
    """People whose address this network was given as it is now; each file holds these alone, so none is forgotten."""
    noted = AudienceUpload.objects.filter(audience=audience, network=network, lead=OuterRef("pk"))
    told = people(audience).annotate(told=as_told(network))
    return told.filter(Exists(noted.filter(hashed=OuterRef("told"))))


def gone(audience: Audience, network: str) -> QuerySet[Any, str]:
    """Addresses this network was given, to be taken off: their people left, may not be shown ads, or have another.

    They stay in the list: nobody tells us whether a file was used, and taking somebody off twice does no harm.
    """
    given = AudienceUpload.objects.filter(audience=audience, network=network)
    now = people(audience).annotate(told=as_told(network)).order_by().values("told")
    return given.exclude(hashed__in=now).order_by("hashed").values_list("hashed", flat=True).distinct()


def as_told(network: str) -> Func:
    """The address as `ad_formats` hashes it, for queries; leads keep theirs trimmed and in small letters."""
    plain = Func(Cast("email", TextField()), template="normalize(%(expressions)s, NFC)")
    written = Func(plain, template=GOOGLE) if network == "google" else plain
    return Func(written, template=SHA256, output_field=CharField())


def lines(kind: Format, rows: QuerySet[Any]) -> Iterator[str]:
    """The file, line by line, whatever its length."""
    writer = csv.writer(_Echo())
    yield writer.writerow(kind.header)
    for values in rows.values_list(*FIELDS).iterator(chunk_size=CHUNK):
        yield writer.writerow(kind.row(Person(*values)))


def removal_lines(kind: Format, hashes: QuerySet[Any, str]) -> Iterator[str]:
    """The same for those to be taken off: nothing but their addresses."""
    writer = csv.writer(_Echo())
    yield writer.writerow(kind.header[:1])
    for hashed in hashes.iterator(chunk_size=CHUNK):
        yield writer.writerow([hashed])


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def counts(found: Iterable[Audience]) -> dict[int, tuple[int, int]]:
    """{audience: members, how many of them may be shown ads}."""
    return {audience.pk: (inside(audience).count(), people(audience).count()) for audience in found}
