"""Putting leads into ad audiences and taking them out."""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now

from nurturing import audiences
from nurturing.models import Audience, AudienceExport, AudienceMember, AudienceUpload

CHUNK = 2_000

ADD = """
INSERT INTO nurturing_audiencemember (audience_id, lead_id, source)
SELECT %s, lead, %s FROM unnest(%s::bigint[]) lead ON CONFLICT DO NOTHING
"""


class NameTaken(ValueError):
    """Another audience has this name."""


@transaction.atomic
def create_audience(*, name: str, actor: Any) -> Audience:
    """Raises NameTaken."""
    name = " ".join(name.split())
    if Audience.objects.filter(name__iexact=name).exists():
        raise NameTaken("Another audience has this name.")
    return Audience.objects.create(name=name, created_by=actor)


def add_members(*, audience_id: int, leads: Collection[int], source: str) -> int:
    """How many were not in it. Who may be shown ads is asked when a file is made, not here."""
    with connection.cursor() as cursor:
        cursor.execute(ADD, [audience_id, source[:150], list(leads)])
        return cursor.rowcount


def remove_members(*, audience_id: int, leads: Collection[int]) -> int:
    inside = AudienceMember.objects.filter(audience=audience_id, lead__in=leads, left_at=None)
    return inside.update(left_at=Now())


@transaction.atomic
def note_upload(*, audience: Audience, network: str, actor: Any) -> int:
    """Who is about to be given to this network, so that they can be taken off again. How many."""
    now = audiences.people(audience).annotate(told=audiences.as_told(network))
    found, rows = now.values_list("pk", "told").iterator(chunk_size=CHUNK), 0
    while some := list(islice(found, CHUNK)):
        rows += len(some)
        AudienceUpload.objects.bulk_create(
            [
                AudienceUpload(audience=audience, network=network, lead_id=pk, hashed=told)
                for pk, told in some
            ],
            ignore_conflicts=True,
        )
    return _note(audience, network, rows, actor)


def note_removal(*, audience: Audience, network: str, actor: Any) -> int:
    rows = audiences.gone(audience, network).count()
    return _note(audience, network, rows, actor, removal=True)


def _note(audience: Audience, network: str, rows: int, actor: Any, *, removal: bool = False) -> int:
    """Nothing is noted of a file that is not made."""
    if rows:
        AudienceExport.objects.create(
            audience=audience, network=network, removal=removal, rows=rows, by=actor
        )
    return rows
